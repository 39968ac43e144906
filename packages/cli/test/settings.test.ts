import { readFile, stat, writeFile } from 'node:fs/promises';
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
