/** Every route of the contract with its handler. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { Rooms } from '../rooms.ts';
import { agentHandlers } from './agents.ts';
import { apiKeyHandlers } from './api-keys.ts';
import { approvalHandlers } from './approvals.ts';
import { attachmentHandlers } from './attachments.ts';
import { credentialHandlers } from './credentials.ts';
import { egressHandlers } from './egress.ts';
import { execHandlers } from './exec.ts';
import { fileHandlers } from './files.ts';
import { healthHandlers } from './health.ts';
import { messageHandlers } from './messages.ts';
import { queueHandlers } from './queue.ts';
import { sessionHandlers } from './sessions.ts';
import { usageHandlers } from './usage.ts';
import { webhookHandlers } from './webhooks.ts';

/** The handlers of the whole contract; does not compile when one is missing. */
export function allHandlers(rooms: Rooms): HandlersOf<Contract> {
  return {
    ...healthHandlers(rooms),
    ...agentHandlers(rooms.agents),
    ...sessionHandlers(rooms.sessions),
    ...messageHandlers(rooms),
    ...fileHandlers(rooms),
    ...attachmentHandlers(rooms.attachments),
    ...execHandlers(rooms),
    ...approvalHandlers(rooms.approvals),
    ...credentialHandlers(rooms.credentials),
    ...queueHandlers(rooms.queue),
    ...usageHandlers(rooms.usage),
    ...egressHandlers(rooms.egress),
    ...webhookHandlers(rooms.webhooks),
    ...apiKeyHandlers(rooms.keys),
  };
}
