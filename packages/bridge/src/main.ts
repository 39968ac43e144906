/** The bridge process. Its working directory is the sandbox's `bridge` folder; nothing secret comes by argv or environment. */
import { newId } from '@ash-ai/shared';
import { ModelGateway } from './egress/model-gateway.ts';
import { Outbox } from './outbox.ts';
import { serve } from './serve.ts';
import { BridgeSession } from './session.ts';
import { Spool } from './spool.ts';
import { Wall } from './wall.ts';

const orphanMs = Number(process.env.ASH_BRIDGE_ORPHAN_MS ?? 15 * 60_000);

const wall = new Wall();
const gateway = new ModelGateway();
await gateway.listen('../run/model.sock');
const spool = new Spool('spool', newId());
const outbox = new Outbox(spool);
const session = new BridgeSession(wall, gateway, outbox);
await serve({ socketPath: 'bridge.sock', session, spool, outbox, orphanMs });
// Open sockets of the runtime and the gateway would keep the process: it is over.
process.exit(0);
