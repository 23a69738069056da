import { defineConfig } from 'vitest/config';

const SLOW = ['test/**/*.integration.test.ts', 'test/browser/**', 'test/pipeline/litellm.test.ts'];

// A busy machine of a build service may miss a deadline once; a second failure is one. Retries are printed.
const retry = process.env['CI'] === 'true' ? 1 : 0;

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: SLOW,
          pool: 'forks',
          retry,
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          exclude: ['test/faults/**'],
          pool: 'forks',
          retry,
          testTimeout: 180_000,
          hookTimeout: 300_000,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.integration.test.ts'],
          pool: 'forks',
          // One after the other: each has brokers and many processes of its own.
          fileParallelism: false,
          retry,
          testTimeout: 900_000,
          hookTimeout: 900_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/browser/**/*.test.ts'],
          pool: 'forks',
          retry,
          testTimeout: 90_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'litellm',
          include: ['test/pipeline/litellm.test.ts'],
          pool: 'forks',
          retry,
          testTimeout: 120_000,
          hookTimeout: 400_000,
        },
      },
    ],
  },
});
