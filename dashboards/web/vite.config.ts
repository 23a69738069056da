import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

/** The page runs under a strict Content-Security-Policy: everything is a file of our own, nothing is inlined. */
export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  build: {
    outDir: '../../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
});
