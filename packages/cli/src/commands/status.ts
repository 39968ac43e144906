/** `ash status`: whether the server runs, and what it holds. */
import type { HealthResponse } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { describe } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { readRecord, type ServerRecord } from '../local-server/record.ts';
import { factLines } from '../output/table.ts';
import { lasting } from '../output/words.ts';

export async function status(context: Context, options: { dataDir?: string }): Promise<number> {
  const { terminal, form } = context;
  const dataDir = dataDirOf(options.dataDir);
  const record = readRecord(dataDir);
  if (record === undefined) {
    if (form === 'json') terminal.json({ running: false, dataDir });
    else if (form === 'quiet') terminal.out('stopped\n');
    else terminal.out(`No server runs on ${dataDir}\n`);
    return 0;
  }
  const health = await (await context.client(record.url)).health().catch((error: unknown) => {
    terminal.fail(describe(error, record.url));
    return undefined;
  });
  if (form === 'json') terminal.json({ running: true, dataDir, ...record, health: health ?? null });
  else if (form === 'quiet') terminal.out(health === undefined ? 'silent\n' : 'running\n');
  else terminal.out(`${factLines(facts(record, dataDir, health), context.paint).join('\n')}\n`);
  return health === undefined ? 1 : 0;
}

function facts(record: ServerRecord, dataDir: string, health: HealthResponse | undefined): [string, unknown][] {
  const here: [string, unknown][] = [
    ['server', `${record.url} (pid ${record.pid}, since ${record.startedAt})`],
    ['data', dataDir],
  ];
  if (health === undefined) return here;
  const { version, isolation, activeSessions, activeSandboxes, uptime, pool } = health;
  return [
    ...here,
    ['version', version],
    ['isolation', isolation],
    ['uptime', lasting(uptime * 1000)],
    ['sessions', activeSessions],
    ['sandboxes', `${activeSandboxes} of at most ${pool.maxCapacity}`],
    ...Object.entries(pool).filter(([name, value]) => value > 0 && name !== 'maxCapacity'),
  ];
}
