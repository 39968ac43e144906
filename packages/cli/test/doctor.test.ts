import { once } from 'node:events';
import { readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type Home, makeHome } from './ash.ts';

/** A model API that knows one key, and its list of models or not. */
async function modelApi(lists = true): Promise<{ url: string; asked: string[] } & AsyncDisposable> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(!lists ? 404 : request.headers['x-api-key'] === 'good' ? 200 : 401).end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Check {
  area: string;
  name: string;
  status: string;
  found: string;
  fix: string;
}

async function checksOf(home: Home, env: Record<string, string>, ...options: string[]) {
  const { code, stdout, stderr } = await home.ash(['doctor', '--json', ...options], { env });
  expect(stderr).toBe('');
  const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: Check[] };
  expect(code).toBe(ok ? 0 : 1);
  expect(checks.filter((check) => check.status === 'error').length === 0).toBe(ok);
  const status = (name: string) => checks.find((check) => check.name === name)?.status;
  return { ok, checks, status };
}

test('a machine that is fine has no error, and nothing is changed', async () => {
  await using model = await modelApi();
  await using home = await makeHome({ ANTHROPIC_BASE_URL: model.url, ASH_SERVER_URL: 'http://127.0.0.1:9' });
  const { checks, status } = await checksOf(home, { ANTHROPIC_API_KEY: 'good' });
  expect(['system', 'node', 'environment', 'agent runtime', 'model API', 'key', 'space'].map(status)).toEqual(
    Array(7).fill('ok'),
  );
  expect(status('server')).toBe('note');
  const walls = checks.filter(({ area }) => area === 'walls');
  expect(walls.map(({ name }) => name)).toContain('self-test');
  expect(walls.filter((wall) => wall.status === 'error')).toEqual([]);
  expect(model.asked).toEqual(['GET /v1/models?limit=1']);
  expect(checks.map((check) => Object.keys(check).join())).toEqual(
    Array(checks.length).fill('area,name,status,found,fix'),
  );
  expect(await readdir(home.folder)).toEqual([]);
});

test('what is wrong is an error with something to do', async () => {
  await using model = await modelApi();
  await using home = await makeHome({ ANTHROPIC_BASE_URL: model.url, ASH_SERVER_URL: 'http://127.0.0.1:9' });
  const refused = await checksOf(home, { ANTHROPIC_API_KEY: 'bad' });
  expect(refused.status('key')).toBe('error');
  const loose = await checksOf(home, {}, '--offline', '--isolation', 'process');
  expect(loose.checks.filter(({ area, status }) => area === 'walls' && status === 'warning').length).toBeGreaterThan(3);
  const missing = await checksOf(home, { CLAUDE_CODE_EXECUTABLE: '/nowhere/claude' }, '--offline');
  expect(missing.status('agent runtime')).toBe('error');
  expect(missing.status('model API')).toBeUndefined();
  const wrong = await checksOf(home, { ASH_PORT: 'many' }, '--offline');
  expect(wrong.checks.find(({ area }) => area === 'settings')?.found).toContain('ASH_PORT');
  await writeFile(join(home.folder, 'not-a-runtime'), 'x', { mode: 0o755 });
  const broken = await checksOf(home, { CLAUDE_CODE_EXECUTABLE: join(home.folder, 'not-a-runtime') }, '--offline');
  expect(broken.status('agent runtime')).toBe('error');
  for (const { checks } of [refused, missing, wrong, broken]) {
    expect(checks.filter((check) => check.status === 'error' && check.fix === '')).toEqual([]);
  }
  const quiet = await home.ash(['doctor', '--offline', '--quiet'], { env: { ASH_PORT: 'many' } });
  expect(quiet.stdout).toMatch(/^✗ environment +ASH_PORT: .*\n +→ /);
  expect(quiet.code).toBe(1);
});

test('trouble in the data folder is told', async () => {
  await using home = await makeHome({ ASH_SERVER_URL: 'http://127.0.0.1:9' });
  await writeFile(join(home.folder, 'ash.db'), 'no database');
  const { checks } = await checksOf(home, {}, '--offline', '--thorough', '--data-dir', home.folder);
  const broken = checks.find(({ name }) => name === 'database_broken');
  expect(broken).toMatchObject({ area: 'storage', status: 'error' });
});

test('what can not be known is said to be so', async () => {
  await using model = await modelApi(false);
  await using home = await makeHome({ ANTHROPIC_BASE_URL: model.url, ASH_SERVER_URL: 'http://127.0.0.1:9' });
  expect((await checksOf(home, { ANTHROPIC_API_KEY: 'any' })).status('key')).toBe('note');
  expect((await checksOf(home, {})).status('key')).toBe('warning');
});
