import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

test('the command prints its URL, serves, and ends when told to', async () => {
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [line] = await once(child.stdout, 'data');
  const response = await fetch(`${String(line).trim()}/health`);
  expect(await response.json()).toEqual({ status: 'ok' });
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
