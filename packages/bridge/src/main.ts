/** The bridge process. Its working directory is the sandbox's `bridge` folder; nothing secret comes by argv or environment. */
import { flushCompileCache } from 'node:module';
import { newId } from '@ash-ai/shared';
import { Egress } from './egress/egress.ts';
import { Outbox } from './outbox.ts';
import { serve } from './serve.ts';
import { BridgeSession } from './session.ts';
import { Spool } from './spool.ts';
import { Wall } from './wall.ts';

// All of it is imported by now: what that took is kept for the bridges to come.
if (process.argv[2] === 'compile') {
  flushCompileCache();
  process.exit(0);
}

const orphanMs = Number(process.env.ASH_BRIDGE_ORPHAN_MS ?? 15 * 60_000);

const spool = new Spool('spool', newId());
const outbox = new Outbox(spool);
const wall = new Wall(() => outbox.room());
wall.on('line', (text) => outbox.log(text));
const egress: Egress = new Egress((record) => session.noteEgress(record));
const session: BridgeSession = new BridgeSession(wall, egress, outbox);
await egress.listen('../run');
await serve({ socketPath: 'bridge.sock', session, spool, outbox, orphanMs });
// Open sockets of the runtime would keep the process: it is over.
process.exit(0);
