/** Ten thousand sleeping sessions are rows and files: what they cost at the start and in memory. */
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { newId } from '@ash-ai/shared';
import { AshServer } from './ash-server.ts';
import { pssMb } from './machine.ts';
import { figuresOf, type Results } from './measure.ts';

const count = 10_000;

export async function sleeping(modelUrl: string): Promise<Results> {
  const dataDir = await mkdtemp(join(tmpdir(), 'ash-bench-sleeping-'));
  try {
    const apiKey = await prepared(modelUrl, dataDir);
    const starts: number[] = [];
    const memory: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      await using server = await AshServer.start(modelUrl, {}, { dataDir, apiKey });
      // The first one finds nothing in the page cache.
      if (round > 0) starts.push(server.startMs);
      await new Promise((resolve) => setTimeout(resolve, 3000));
      memory.push(pssMb(server.pid));
    }
    return {
      'server start to healthy, 10,000 asleep': figuresOf(starts, 'ms'),
      'memory: server, 10,000 asleep': figuresOf(memory, 'MB'),
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** One session that has had a turn, ten thousand times: its rows, its log, its folders. */
async function prepared(modelUrl: string, dataDir: string): Promise<string> {
  let template = '';
  let apiKey = '';
  {
    await using server = await AshServer.start(modelUrl, { ASH_SANDBOX_DISK: 'watchdog' }, { dataDir });
    apiKey = server.apiKey;
    await server.deploy('bench');
    template = (await server.client.createSession('bench')).id;
    for await (const _ of server.client.sendMessageStream(template, 'Hello'));
  }
  const ids = Array.from({ length: count }, () => newId());
  using db = new DatabaseSync(join(dataDir, 'ash.db'));
  db.exec('begin');
  copyRows(db, 'sessions', { id: template }, ids, (id) => ({ id, sandbox_id: id }));
  copyRows(db, 'log_entries', { session_id: template }, ids, (id) => ({ session_id: id }));
  db.exec('commit');
  const sandboxes = join(dataDir, 'sandboxes');
  for (let from = 0; from < ids.length; from += 200) {
    const some = ids.slice(from, from + 200);
    await Promise.all(
      some.map(async (id) => {
        const folder = join(sandboxes, id);
        await mkdir(join(folder, 'disk', 'home'), { recursive: true });
        await mkdir(join(folder, 'bridge'));
        await mkdir(join(folder, 'run'));
        await cp(join(sandboxes, template, 'workspace.json'), join(folder, 'workspace.json'));
        await cp(join(sandboxes, template, 'disk', 'workspace'), join(folder, 'disk', 'workspace'), {
          recursive: true,
        });
      }),
    );
  }
  return apiKey;
}

function copyRows(
  db: DatabaseSync,
  table: string,
  where: Record<string, string>,
  ids: readonly string[],
  change: (id: string) => Record<string, string>,
): void {
  const [[column, value] = ['', '']] = Object.entries(where);
  const rows = db.prepare(`select * from ${table} where ${column} = ?`).all(value) as Record<string, string>[];
  for (const row of rows) {
    const columns = Object.keys(row);
    const insert = db.prepare(
      `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    );
    for (const id of ids) insert.run(...Object.values({ ...row, ...change(id) }));
  }
}
