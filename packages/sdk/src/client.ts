/** The client: every call of the API as a method, grouped by resource in the files beside this one. */
import { type AgentCalls, agentCalls } from './agents.ts';
import { type ApiKeyCalls, apiKeyCalls } from './api-keys.ts';
import { type ApprovalCalls, approvalCalls } from './approvals.ts';
import { type AttachmentCalls, attachmentCalls } from './attachments.ts';
import { type CredentialCalls, credentialCalls } from './credentials.ts';
import { type EgressCalls, egressCalls } from './egress.ts';
import { type ExecCalls, execCalls } from './exec.ts';
import { type FileCalls, fileCalls } from './files.ts';
import { type HealthCalls, healthCalls } from './health.ts';
import { type MessageCalls, messageCalls } from './messages.ts';
import { type PagingCalls, pagingCalls } from './paging.ts';
import { type QueueCalls, queueCalls } from './queue.ts';
import { type AshClientOptions, createRequests } from './request.ts';
import { type HandleCalls, handleCalls } from './session.ts';
import { type SessionCalls, sessionCalls } from './sessions.ts';
import { type UsageCalls, usageCalls } from './usage.ts';
import { type WebhookCalls, webhookCalls } from './webhooks.ts';

type Calls = AgentCalls & SessionCalls & MessageCalls & PagingCalls & HealthCalls & HandleCalls;
type MoreCalls = WebhookCalls & ApprovalCalls & CredentialCalls & QueueCalls & UsageCalls & ApiKeyCalls;
type FilesAndCommands = FileCalls & AttachmentCalls & ExecCalls & EgressCalls;

export interface AshClient extends Calls, MoreCalls, FilesAndCommands {}

/**
 * A client of one Ash server. It holds no connection: there is nothing to close. Its methods may be taken off it.
 *
 * Calls that are safe to repeat are repeated after network failures and 408, 429, 500, 502, 503 and 504.
 *
 * @example
 * const client = new AshClient({ serverUrl: 'http://localhost:4100', apiKey: 'your-api-key' });
 * const session = await client.createSession('my-agent');
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor assigns exactly the calls of the interface
export class AshClient {
  constructor(options: AshClientOptions) {
    const requests = createRequests(options);
    Object.assign(this, agentCalls(requests), sessionCalls(requests), messageCalls(requests), healthCalls(requests));
    Object.assign(this, approvalCalls(requests), webhookCalls(requests));
    Object.assign(this, credentialCalls(requests), queueCalls(requests), usageCalls(requests), apiKeyCalls(requests));
    Object.assign(this, fileCalls(requests), attachmentCalls(requests), execCalls(requests), egressCalls(requests));
    Object.assign(this, pagingCalls(requests), handleCalls(this));
  }
}
