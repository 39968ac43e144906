import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['@ash-ai/source'] },
  ssr: { resolve: { conditions: ['@ash-ai/source'], externalConditions: ['@ash-ai/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=@ash-ai/source'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
