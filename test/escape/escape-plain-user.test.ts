/** The escape suite with a server that is no root: run once more as a plain user, in a process of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const uid = 64_999;
const root = fileURLToPath(new URL('../..', import.meta.url));
const become = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', '--no-new-privs'];

function whyNot(): string | undefined {
  if (process.getuid?.() !== 0) return 'this is no root already: escape.test.ts is that suite';
  const seen = spawnSync('setpriv', [
    ...become,
    'test',
    '-r',
    join(root, 'vitest.config.ts'),
    '-a',
    '-x',
    process.execPath,
  ]);
  return seen.status === 0 ? undefined : `a plain user can't read ${root} or run Node`;
}

const why = whyNot();
if (why !== undefined) console.warn(`server as a plain user: not tested, ${why}`);

test.runIf(why === undefined)('has the same walls', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ash-plain-'));
  await chown(home, uid, uid);
  const variables = [`HOME=${home}`, `TMPDIR=${home}`, `PATH=${dirname(process.execPath)}:/usr/bin:/bin`];
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const run = [process.execPath, vitest, 'run', '--configLoader', 'native', join('test', 'escape', 'escape.test.ts')];
  const child = spawn('setpriv', ['--pdeathsig=KILL', ...become, 'env', '-i', ...variables, ...run], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
    process.stdout.write(`as a plain user: ${/\d+ open of \d+, \d+ skipped/.exec(said)?.[0]}\n`);
    expect([code, said]).toEqual([0, expect.stringMatching(/Tests .*passed/)]);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});
