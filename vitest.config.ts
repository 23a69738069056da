import { defineConfig } from 'vitest/config';

const SLOW = ['test/**/*.integration.test.ts', 'test/browser/**', 'test/pipeline/litellm.test.ts'];

export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: SLOW, pool: 'forks', testTimeout: 20_000 } },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: { name: 'browser', include: ['test/browser/**/*.test.ts'], pool: 'forks', testTimeout: 90_000, hookTimeout: 60_000 },
      },
      {
        test: { name: 'litellm', include: ['test/pipeline/litellm.test.ts'], pool: 'forks', testTimeout: 120_000, hookTimeout: 400_000 },
      },
    ],
  },
});
