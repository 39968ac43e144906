/** A fuzzer that knows only the OpenAPI document finds no 5xx, no undocumented status and no schema violation over all routes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { contract, type Route } from '@ash-ai/shared/contract';
import { expect, test, vi } from 'vitest';
import { useAsh } from '../e2e/harness.ts';
import { endTurns, furnish, type Things } from '../e2e/things.ts';
import { schemathesis } from './schemathesis.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
/** Minutes on a machine of its own; a busy one takes several times as long. */
const atMostMs = 25 * 60_000;
vi.setConfig({ testTimeout: atMostMs, hookTimeout: 180_000 });
const internalSecret = 'internal-secret-of-the-fuzzer';
const use = useAsh({
  env: {
    ASH_CREDENTIAL_KEY: 'seals-what-is-fuzzed',
    ASH_INTERNAL_SECRET: internalSecret,
    ASH_MAX_SANDBOXES: '4',
    ASH_QUEUE_CONCURRENCY: '1',
  },
});

/** What the fuzzer is told of, so that it gets past "not found". */
async function told(things: Things): Promise<Record<string, string>> {
  const { ash } = use;
  const { webhook } = await ash.client.createWebhook('https://hooks.invalid/restless');
  const { file: path, apiKey: keyId, ...rest } = things;
  return { ...rest, path, keyId, restlessWebhook: webhook.id, url: ash.url, key: ash.key, internalSecret };
}

/** Runs Schemathesis over every operation; what it said, and the statuses that each operation answered with. */
async function fuzz(program: string, there: Record<string, string>): Promise<{ said: string; statuses: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-fuzz-'));
  try {
    const statuses = join(folder, 'statuses');
    const args = ['--config-file', join(here, 'schemathesis.toml'), 'run', `${there.url}/docs/json`];
    const child = spawn(program, [...args, '--url', there.url ?? '', '--no-color'], {
      cwd: folder,
      env: {
        PATH: process.env.PATH ?? '',
        PYTHONDONTWRITEBYTECODE: '1',
        SCHEMATHESIS_HOOKS: join(here, 'hooks.py'),
        ASH_FUZZ_THERE: JSON.stringify(there),
        ASH_FUZZ_STATUSES: statuses,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: atMostMs - 120_000,
    });
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    const said = `${out}${err}${child.exitCode === 0 ? '' : `\nSchemathesis ended with ${child.exitCode}`}`;
    return { said, statuses: await readFile(statuses, 'utf8').catch(() => '') };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('Schemathesis finds nothing, and really reaches every route', async ({ skip }) => {
  const program = await schemathesis().catch((cause: unknown) => {
    console.warn(`Schemathesis can't be installed here: ${cause}`);
    return undefined;
  });
  if (program === undefined) return skip('Schemathesis is not there: see above');
  const things = await furnish(use.ash, 'https://hooks.invalid/ash');
  const there = await told(things);
  const { said, statuses } = await fuzz(program, there).finally(() => endTurns(use.ash, things));
  // The whole report, when it has anything to tell.
  expect(said).not.toContain('Schemathesis ended with');
  console.log(`Schemathesis: ${/\d+ generated, .*/.exec(said)?.[0]}`);
  const met = new Set(statuses.trim().split('\n'));
  for (const [name, { reply }] of Object.entries<Route>(contract)) {
    expect(met.has(`${name} ${reply.status}`), `${name} answered ${reply.status}`).toBe(true);
  }
});
