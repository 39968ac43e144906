/** Which limits hold for what was asked. */

import { expect, it } from 'vitest';
import { ConfigInvalid, readConfig } from '../src/config.ts';
import { limitPolicy, limitsUnder } from '../src/sessions/limits.ts';

const policy = (env: Record<string, string> = {}) => limitPolicy(readConfig(env));

it('are the server’s when nothing is asked for', () => {
  expect(limitsUnder(policy({ ASH_SANDBOX_MEMORY_MB: '512' }), {})).toEqual({
    ...{ memoryMb: 512, cpus: 1, pids: 256, diskMb: 4096, inodes: 500_000, openFiles: 8192, turnTimeoutMs: null },
  });
});

it('can be lowered, and raised as far as the ceiling names', () => {
  const limits = limitsUnder(policy({ ASH_SANDBOX_CEILING: 'memoryMb=4096, cpus=2.5' }), {
    ...{ memoryMb: 9999, cpus: 2, pids: 999, diskMb: 100, turnTimeoutMs: 5000 },
  });
  expect(limits).toMatchObject({ memoryMb: 4096, cpus: 2, pids: 256, diskMb: 100, turnTimeoutMs: 5000 });
});

it('bound the time of turns that ask for none', () => {
  expect(limitsUnder(policy({ ASH_SANDBOX_CEILING: 'turnTimeoutMs=60000' }), {}).turnTimeoutMs).toBe(60_000);
  expect(limitsUnder(policy({ ASH_TURN_TIMEOUT_MS: '60000' }), { turnTimeoutMs: 90_000 }).turnTimeoutMs).toBe(60_000);
});

it.each(['memory=1', 'memoryMb', 'memoryMb=lots', 'pids=1'])('refuse the ceiling %s', (given) => {
  expect(() => readConfig({ ASH_SANDBOX_CEILING: given })).toThrow(ConfigInvalid);
});
