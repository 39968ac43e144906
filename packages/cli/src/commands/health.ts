/** `ash health`: what the server that commands talk to says of itself. */
import type { Context } from '../context.ts';
import { showOne } from '../output/show.ts';
import { lasting } from '../output/words.ts';

export async function health(context: Context): Promise<void> {
  const value = await (await context.client()).health();
  const { status, version, isolation, activeSessions, activeSandboxes, remoteRunners, uptime, pool } = value;
  showOne(context, value, {
    key: status,
    facts: [
      ['server', context.serverUrl()],
      ['status', status],
      ['version', version],
      ['uptime', lasting(uptime * 1000)],
      ['isolation', isolation],
      ['sessions', `${activeSessions} active`],
      ['sandboxes', `${activeSandboxes} of at most ${pool.maxCapacity}`],
      ['runners', remoteRunners > 0 ? `${remoteRunners} remote` : undefined],
    ],
  });
}
