import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome } from './ash.ts';
import { startApi } from './fixture-api.ts';

test('link stores address and key for this user only; unlink gives the local key back', async () => {
  await using home = await makeHome();
  await using api = await startApi();
  const path = join(home.folder, '.ash', 'config.json');
  const config = async () => JSON.parse(await readFile(path, 'utf8'));

  await home.ash(['link', 'http://other', '--api-key', 'ash_first']);
  await home.ash(['unlink']);
  expect(await config()).toEqual({});
  await writeFile(path, '{"api_key":"ash_local"}');

  const linked = await home.ash(['link', `${api.url}/`, '--api-key', 'ash_remote']);
  expect(linked).toMatchObject({ code: 0, stderr: '' });
  expect(await config()).toEqual({ server_url: api.url, api_key: 'ash_remote', local_api_key: 'ash_local' });
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);

  expect((await home.ash(['agent', 'list'])).stdout).toBe('[\n  {\n    "name": "poet"\n  }\n]\n');
  expect(api.asked.at(-1)?.authorization).toBe('Bearer ash_remote');
  await home.ash(['agent', 'list'], { env: { ASH_API_KEY: 'ash_env' } });
  expect(api.asked.at(-1)?.authorization).toBe('Bearer ash_env');

  // Linking again must not take the remote key for the local one.
  await home.ash(['link', 'http://third', '--api-key', 'ash_third']);
  await home.ash(['unlink']);
  expect(await config()).toEqual({ api_key: 'ash_local' });
});

test('settings that can not be read are told of, not overwritten', async () => {
  await using home = await makeHome();
  const path = join(home.folder, '.ash', 'config.json');
  await home.ash(['link', 'http://x']);
  await writeFile(path, '{ nope');
  const { code, stderr } = await home.ash(['link', 'http://y']);
  expect(code).toBe(1);
  expect(stderr).toContain("config.json can't be read");
  expect(await readFile(path, 'utf8')).toBe('{ nope');
});

test("what the older command's login left is used before the default, and linked without an address", async () => {
  await using home = await makeHome();
  await using api = await startApi();
  await mkdir(join(home.folder, '.ash'));
  const older = { cloud_url: api.url, api_key: 'ash_older', email: 'ada@example.com' };
  await writeFile(join(home.folder, '.ash', 'credentials.json'), JSON.stringify(older));
  expect((await home.ash(['agent', 'list', '-q'])).stdout).toBe('poet\n');
  expect(api.asked.at(-1)?.authorization).toBe('Bearer ash_older');
  expect((await home.ash(['link'])).stdout).toBe(`Linked to ${api.url}\n`);
  const config = JSON.parse(await readFile(join(home.folder, '.ash', 'config.json'), 'utf8'));
  expect(config).toEqual({ server_url: api.url, api_key: 'ash_older' });
});

test('connect links only to a server that answers; a key can come on stdin', async () => {
  await using home = await makeHome();
  await using api = await startApi();
  const failed = await home.ash(['connect', 'http://127.0.0.1:9']);
  expect(failed).toMatchObject({ code: 1, stdout: '', stderr: 'Failed: no server answers at http://127.0.0.1:9\n' });
  const connected = await home.ash(['connect', api.url, '--api-key', '-'], { stdin: 'ash_piped\n' });
  expect(connected).toMatchObject({ code: 0, stdout: `Linked to ${api.url}\n` });
  await home.ash(['agent', 'list']);
  expect(api.asked.at(-1)?.authorization).toBe('Bearer ash_piped');
  expect((await home.ash(['disconnect'])).stdout).toMatch(/^Unlinked/);
});
