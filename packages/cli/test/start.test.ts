import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ended, type Home, makeHome } from './ash.ts';

const hook = join(import.meta.dirname, 'fixture-server-hook.ts');
const withServer = { NODE_OPTIONS: `--import=${hook}`, ASH_HOST: '127.0.0.1', ASH_PORT: '0' };

async function configOf(home: Home): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(home.folder, '.ash', 'config.json'), 'utf8'));
}

test('start, status, logs, stop: a server in the background', async () => {
  await using home = await makeHome(withServer);
  const data = join(home.folder, '.ash');
  const started = await home.ash(['start', '--json', '-e', 'ASH_MAX_SANDBOXES=77']);
  expect(started).toMatchObject({ code: 0, stderr: 'API key stored in ~/.ash/config.json\n' });
  const { url, pid, dataDir, isolation, log } = JSON.parse(started.stdout);
  expect({ dataDir, isolation, log }).toEqual({
    dataDir: data,
    isolation: 'bubblewrap',
    log: join(data, 'server.log'),
  });
  expect(await configOf(home)).toEqual({ api_key: 'ash_first', picked_up: { [data]: 'ash_first' } });
  expect(existsSync(join(data, 'initial-api-key'))).toBe(false);
  expect((await stat(join(data, 'config.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(log)).mode & 0o777).toBe(0o600);

  const again = await home.ash(['start', '--image', 'ash:1', '--no-pull']);
  expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining('mean nothing any more') });
  expect(again.stdout).toContain(`Ash 9.9.9 is already running at ${url} (pid ${pid})`);
  // The server listens on a port of its own choice, and the commands find it.
  expect(JSON.parse((await home.ash(['health'])).stdout)).toMatchObject({ status: 'ok', pool: { maxCapacity: 77 } });

  const status = await home.ash(['status']);
  expect(status.stdout).toMatch(/sessions +2\nsandboxes +1 of at most 77\ntotal +1\n$/);
  expect(JSON.parse((await home.ash(['status', '--json'])).stdout)).toMatchObject({ running: true, pid, url });
  expect((await home.ash(['logs', '-n', '1'])).stdout).toBe('serving\n');

  const following = home.spawn(['logs', '-f', '-n', '1']);
  const followed = ended(following);
  await once(following.stdout, 'data');
  const more = once(following.stdout, 'data');
  expect((await home.ash(['stop'])).stdout).toBe('Stopped\n');
  expect(String((await more)[0])).toBe('ended by SIGINT\n');
  following.kill();
  await followed;
  expect((await home.ash(['status'])).stdout).toBe(`No server runs on ${data}\n`);
  expect((await home.ash(['stop'])).code).toBe(0);
  expect(existsSync(join(data, 'ash-server.json'))).toBe(false);
});

test('another data folder has its own server and key; --keep-sandboxes is SIGTERM', async () => {
  await using home = await makeHome(withServer);
  const data = join(home.folder, 'data');
  const env = { ASH_DATA_DIR: data };
  const started = await home.ash(['start', '--isolation', 'process'], { env });
  expect(started.code).toBe(0);
  expect(started.stdout).toContain('no wall');
  expect(started.stderr).toContain('export ASH_SERVER_URL=http://127.0.0.1:');
  expect((await home.ash(['stop', '--keep-sandboxes', '--data-dir', 'data'])).stdout).toContain('awake sessions go on');
  expect((await home.ash(['logs'], { env })).stdout).toBe('serving\nended by SIGTERM\n');
});

test('a chosen key is stored; a linked server keeps its own', async () => {
  await using home = await makeHome(withServer);
  await home.ash(['link', 'http://other', '--api-key', 'ash_other']);
  await home.ash(['start', '--api-key', 'ash_mine']);
  await home.ash(['stop']);
  expect(await configOf(home)).toEqual({ server_url: 'http://other', api_key: 'ash_other', local_api_key: 'ash_mine' });
});

test('a server that does not come up is told of with the end of its log', async () => {
  await using home = await makeHome({ ...withServer, FIXTURE_FAILS: '1' });
  const { code, stdout, stderr } = await home.ash(['start']);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain('the fixture was asked to fail\n');
  expect(stderr).toContain('Failed: the server ended with code 3');
});

test.for(['SIGINT', 'SIGTERM'] as const)(
  '--foreground serves here until %s, and leaves the first key',
  async (signal) => {
    await using home = await makeHome({ ...withServer, ASH_DATA_DIR: 'here' });
    const child = home.spawn(['start', '--foreground']);
    const end = ended(child);
    await once(child.stderr, 'data');
    expect(JSON.parse((await home.ash(['status', '--json'])).stdout)).toMatchObject({ running: true, pid: child.pid });
    const second = await home.ash(['start', '--foreground']);
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('a server runs on') });
    child.kill(signal);
    const { code, stdout, stderr } = await end;
    expect({ code, stdout }).toEqual({ code: 0, stdout: `serving\nended by ${signal}\n` });
    expect(stderr).toContain('Ash serves at http://127.0.0.1:');
    expect(existsSync(join(home.folder, 'here', 'initial-api-key'))).toBe(true);
    expect(await configOf(home)).toMatchObject({ api_key: 'ash_first' });
  },
);
