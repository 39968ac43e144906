/** What `ash start` needs of a server: it serves /health, makes a first key, and ends when it is told to. */
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

type Env = Record<string, string | undefined>;

export async function runServer(
  env: Env,
  { onReady }: { onReady?: (ready: { url: string }) => void },
): Promise<number> {
  const dataDir = env.ASH_DATA_DIR ?? '.';
  if (env.FIXTURE_FAILS) {
    console.error('the fixture was asked to fail');
    return 3;
  }
  const server = createServer((request, response) => {
    if (request.url !== '/health') return void response.writeHead(404).end('{}');
    const pool = { total: 1, warm: 0, maxCapacity: Number(env.ASH_MAX_SANDBOXES ?? 9) };
    const isolation = env.ASH_ISOLATION ?? 'bubblewrap';
    const health = {
      status: 'ok',
      version: '9.9.9',
      isolation,
      uptime: 1,
      activeSessions: 2,
      activeSandboxes: 1,
      pool,
    };
    response.setHeader('content-type', 'application/json').end(JSON.stringify(health));
  });
  server.listen(Number(env.ASH_PORT), env.ASH_HOST);
  await once(server, 'listening');
  if (!env.ASH_API_KEY && !existsSync(join(dataDir, 'ash.db'))) {
    writeFileSync(join(dataDir, 'initial-api-key'), 'ash_first\n', { mode: 0o600 });
  }
  writeFileSync(join(dataDir, 'ash.db'), '');
  console.log('serving');
  const told = Promise.race(['SIGINT', 'SIGTERM'].map((signal) => once(process, signal).then(() => signal)));
  onReady?.({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  console.log(`ended by ${await told}`);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return 0;
}
