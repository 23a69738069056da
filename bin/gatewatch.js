#!/usr/bin/env -S node --max-semi-space-size=64
// Plain JavaScript for any Node: says what is missing before anything modern is parsed.
import { existsSync } from 'node:fs';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const entry = new URL('../dist/services/cli/main.js', import.meta.url);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`gatewatch needs Node 20.19 or newer; this is ${process.versions.node}.`);
  process.exitCode = 1;
} else if (!existsSync(entry)) {
  console.error('gatewatch is not built yet. Run: npm run build');
  process.exitCode = 1;
} else {
  // Whoever read our output has seen enough (`gatewatch explain … | head`).
  process.stdout.on('error', (error) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const { main } = await import(entry.href);
  process.exitCode = await main(process.argv.slice(2));
}
