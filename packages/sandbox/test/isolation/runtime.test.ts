/** The real agent runtime starts inside the wall. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { launched, limits, runtimeDir, sandboxIn, tempDir } from './harness.ts';
import { providers } from './providers.ts';

it.runIf(existsSync(join(runtimeDir, 'claude'))).each(providers)('prints its version: $title', async (provider) => {
  const stateDir = await tempDir();
  const isolation = await provider.make({ stateDir });
  const sandbox = await sandboxIn(stateDir, { limits: { ...limits, memoryBytes: 1024 ** 3, pids: 256 } });
  const { bridge } = await launched(isolation, sandbox);
  const { runtime, home } = isolation.inside(sandbox);
  bridge.run([`${runtime}/claude`, '--version'], { HOME: home, PATH: '/usr/bin:/bin' });
  const { exitCode, stdout } = await bridge.result();
  expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/^\d+\.\d+\.\d+ \(Claude Code\)/)]);
});
