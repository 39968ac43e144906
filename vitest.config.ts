import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@ash-ai/source'] },
  ssr: { resolve: { conditions: ['@ash-ai/source'], externalConditions: ['@ash-ai/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=@ash-ai/source'],
    // Generous: a test that waits for an event must not fail because the machine is busy with others.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    // In CI only: a test that fails once and passes then is shown as such in the report, and to be mended, not trusted.
    retry: process.env.CI === undefined ? 0 : 2,
  },
});
