/** `ash status`: whether the server runs, and what it holds. */
import type { Context } from '../context.ts';
import { describe } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { readRecord } from '../local-server/record.ts';

export async function status(context: Context, options: { dataDir?: string; json?: boolean }): Promise<number> {
  const { terminal } = context;
  const dataDir = dataDirOf(options.dataDir);
  const record = readRecord(dataDir);
  if (record === undefined) {
    if (options.json) terminal.json({ running: false, dataDir });
    else terminal.out(`No server runs on ${dataDir}\n`);
    return 0;
  }
  const health = await (await context.client(record.url)).health().catch((error: unknown) => {
    terminal.note(describe(error, record.url));
    return undefined;
  });
  if (options.json) terminal.json({ running: true, dataDir, ...record, health: health ?? null });
  else {
    const lines: [string, unknown][] = [
      ['server', `${record.url} (pid ${record.pid}, since ${record.startedAt})`],
      ['data', dataDir],
    ];
    if (health !== undefined) {
      const { version, isolation, activeSessions, activeSandboxes, uptime, pool } = health;
      const states = Object.entries(pool).filter(([name, value]) => value > 0 && name !== 'maxCapacity');
      lines.push(['version', version], ['isolation', isolation], ['uptime', `${uptime} s`]);
      lines.push(['sessions', activeSessions], ['sandboxes', `${activeSandboxes} of at most ${pool.maxCapacity}`]);
      lines.push(...states);
    }
    terminal.out(lines.map(([name, value]) => `${name.padEnd(18)} ${value}\n`).join(''));
  }
  return health === undefined ? 1 : 0;
}
