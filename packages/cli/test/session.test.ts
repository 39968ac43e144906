import { expect, test } from 'vitest';
import { makeHome } from './ash.ts';
import { sessionId, startApi } from './fixture-api.ts';

test('sessions are opened, listed and changed', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url, ASH_API_KEY: 'k' });
  expect((await home.ash(['session', 'create', 'poet'])).stdout).toMatch(/^Session created: \{\n {2}"id"/);
  expect(JSON.parse((await home.ash(['session', 'create', 'poet', '--json'])).stdout).id).toBe(sessionId);
  expect(JSON.parse((await home.ash(['session', 'list', '--limit', '5'])).stdout)).toHaveLength(1);
  expect((await home.ash(['session', 'pause', sessionId])).stdout).toMatch(/^Session paused: \{/);
  expect((await home.ash(['session', 'end', sessionId])).stdout).toMatch(/^Session ended: \{/);
  expect((await home.ash(['session', 'interrupt', sessionId])).stdout).toMatch(/^Turn interrupted: /);
  expect((await home.ash(['session', 'messages', sessionId, '--after', '4'])).stdout).toBe('[]\n');
  expect((await home.ash(['agent', 'delete', 'poet'])).stdout).toBe('Deleted agent: poet\n');
  expect(api.asked.map(({ request }) => request)).toEqual([
    'POST /api/sessions',
    'POST /api/sessions',
    'GET /api/sessions?limit=5',
    `POST /api/sessions/${sessionId}/pause`,
    `DELETE /api/sessions/${sessionId}`,
    `POST /api/sessions/${sessionId}/interrupt`,
    `GET /api/sessions/${sessionId}/messages?after=4`,
    'DELETE /api/agents/poet',
  ]);
});

test('send streams the text to stdout and the tools beside it', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const sent = await home.ash(['session', 'send', sessionId, 'Hello!']);
  expect(sent).toEqual({ code: 0, stdout: 'You said: Hello!\n', stderr: '[Bash] command: ls\n  poem.txt\n' });
  const piped = await home.ash(['session', 'send', sessionId, '-'], { stdin: 'from a pipe' });
  expect(piped.stdout).toBe('You said: from a pipe\n');

  const raw = await home.ash(['session', 'send', sessionId, 'x'.repeat(300), '--raw']);
  const lines = raw.stdout.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^\[session_start\] \{/);
  expect(lines.at(-1)).toMatch(/^\[done\] /);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(220);

  const json = await home.ash(['session', 'send', sessionId, 'x', '--json']);
  const types = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect(types).toEqual(['session_start', 'message', 'message', 'message', 'message', 'done']);
});

test.for([[], ['--raw']])('a failed turn is exit code 1 (%j)', async (options) => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const failed = await home.ash(['session', 'send', sessionId, 'fail', ...options]);
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(/^Failed: The model API refused the key: 401\n {2}Check ANTHROPIC_API_KEY.*\n$/);
  expect(await home.ash(['session', 'send', sessionId, 'limit'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'Failed: Too many turns\n',
  });
});

test('a refused request reads as method, path, status, text and suggestion', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  expect(await home.ash(['session', 'create', 'nobody'])).toEqual({
    code: 1,
    stdout: '',
    stderr: 'POST /api/sessions failed (404): Agent "nobody" not found\n  Deploy it first.\n  agent_not_found\n',
  });
});

test('no server at the address is said so', async () => {
  await using home = await makeHome({ ASH_SERVER_URL: 'http://127.0.0.1:1' });
  const { code, stderr } = await home.ash(['session', 'list']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^Failed: no server answers at http:\/\/127.0.0.1:1 .*\n.*ash start.*\n$/);
});
