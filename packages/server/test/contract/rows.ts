/** For every route: requests that succeed, what they name that may be missing, and how each of its documented errors comes. */
import { join } from 'node:path';
import { type ErrorCode, newId } from '@ash-ai/shared';
import type { Contract } from '@ash-ai/shared/contract';
import type { Ash } from '../../../../test/e2e/harness.ts';
import { base64, type Things } from '../../../../test/e2e/things.ts';
import * as fresh from './fresh.ts';
import type { Given } from './request.ts';

/** Makes a request of what is there. */
export type Make = (there: Things, ash: Ash) => Given;
export type Fresh = (ash: Ash, there: Things) => Promise<Partial<Things>>;
/** What of {@link Things} is a name or an id. */
export type Name = Exclude<keyof Things, 'bundle'>;

export interface Row {
  request: Make;
  /** Other requests that succeed. */
  also?: readonly Make[];
  /** What comes when something that `request` names is missing; `nothing` where it only filters. Each must be here. */
  missing?: Partial<Record<Name, ErrorCode | 'nothing'>>;
  /** Things made anew for `request`, as it takes them away or changes them. */
  fresh?: Fresh;
  /** Ends what would work on. */
  after?: (ash: Ash, mine: Things) => Promise<unknown>;
  /** Whether what it made changes by itself, so that a second answer tells of it as it is then. */
  moves?: true;
  /** How the other documented errors come, after `request` went well. */
  errors?: Partial<Record<ErrorCode, Make | readonly Make[] | { fresh: Fresh; request: Make }>>;
  /** Documented errors that need a server, a disk or an agent of their own, and the test where they come. */
  elsewhere?: Partial<Record<ErrorCode, string>>;
  /** More ways for another tenant, that has the agent `theirs`, to name what isn't its own. */
  foreign?: readonly Make[];
}

const files = [{ path: 'CLAUDE.md', content: base64('# Fresh\n') }];
const ofSession: Pick<Row, 'request' | 'missing'> = {
  request: ({ session }) => ({ params: { id: session } }),
  missing: { session: 'session_not_found' },
};
const ofWebhook: Pick<Row, 'request' | 'missing'> = {
  request: ({ webhook }) => ({ params: { id: webhook } }),
  missing: { webhook: 'webhook_not_found' },
};
const ofDelivery: Pick<Row, 'request' | 'missing'> = {
  request: ({ webhook, delivery }) => ({ params: { id: webhook, deliveryId: delivery } }),
  missing: { webhook: 'webhook_not_found', delivery: 'webhook_delivery_not_found' },
};
const disabled = (more: Given = {}): { fresh: Fresh; request: Make } => ({
  fresh: fresh.disabledWebhook,
  request: ({ webhook, delivery }) => ({ params: { id: webhook, deliveryId: delivery }, ...more }),
});
const odd =
  (path: string): Make =>
  ({ session }) => ({ params: { id: session, path } });
const badPaths = ['/etc/passwd', '', 'a//b'].map(odd);
const storageFull = 'test/e2e/full-disk.test.ts';
const filesTest = 'packages/server/test/routes/files.test.ts';
const sandboxFiles = 'packages/sandbox/test/workspace/files.test.ts';
const access = 'packages/sandbox/test/workspace/access.test.ts';
const broken = 'packages/server/test/contract/broken.test.ts';
/** Of every route that needs a workspace. */
const waking = 'test/e2e/waking.test.ts';
const notWoken = { session_busy: waking, capacity_reached: waking, spend_limit_reached: waking };
const noWorkspace = { workspace_not_found: broken, workspace_lost: broken, setup_failed: broken };
const noFiles = { ...noWorkspace, ...notWoken, session_not_active: waking };

export const rows: { readonly [Name in keyof Contract]: Row } = {
  health: { request: () => ({}) },

  deployAgent: {
    request: () => ({ body: { name: `deployed-${newId()}`, files, replace: true } }),
    also: [() => ({ body: { name: 'prompted', systemPrompt: 'Be kind.' } }), (_, ash) => byPath(ash, 'agents/agent')],
    errors: {
      agent_name_invalid: ['', 'a b', '../a', 'x'.repeat(256)].map((name) => () => ({ body: { name, files } })),
      agent_instructions_missing: () => ({
        body: { name: 'empty', files: [{ path: 'a', content: '' }], replace: true },
      }),
      agent_path_not_found: () => ({ body: { name: 'no-path', path: '/nonexistent/folder' } }),
      agent_path_forbidden: (_, ash) => ({ body: { name: 'data', path: ash.dataDir } }),
      agent_file_invalid: ['../a', '/a', 'a//b', ''].map((path) => () => ({
        body: { name: 'odd', files: [{ path, content: '' }, ...files] },
      })),
      idempotency_key_reused: () => ({ body: { name: 'other', files } }),
    },
    elsewhere: { agent_directory_missing: broken, agent_too_large: broken, storage_full: storageFull },
    foreign: [(_, ash) => byPath(ash, 'agents/of-the-owner')],
  },
  listAgents: { request: () => ({}) },
  getAgent: {
    request: ({ agent }) => ({ params: { name: agent } }),
    missing: { agent: 'agent_not_found' },
  },
  deleteAgent: {
    request: ({ agent }) => ({ params: { name: agent } }),
    fresh: fresh.agent,
    missing: { agent: 'agent_not_found' },
  },
  listAgentVersions: {
    request: ({ agent }) => ({ params: { name: agent }, query: { limit: 5, before: 9 } }),
    missing: { agent: 'agent_not_found' },
  },
  getAgentVersion: {
    request: ({ agent, version }) => ({ params: { name: agent, version } }),
    also: [({ agent }) => ({ params: { name: agent, version: '1' } })],
    missing: { agent: 'agent_not_found', version: 'agent_version_not_found' },
  },
  activateAgentVersion: {
    request: ({ agent, version }) => ({ params: { name: agent, version } }),
    missing: { agent: 'agent_not_found', version: 'agent_version_not_found' },
    elsewhere: { agent_directory_missing: broken },
  },

  createSession: {
    request: ({ agent, credential }) => ({ body: { agent, credentialId: credential, model: 'claude-haiku-4-5' } }),
    also: [
      ({ agent }) => ({
        body: {
          agent,
          systemPrompt: 'Hi',
          permissionMode: 'default',
          limits: { memoryMb: 512, turnTimeoutMs: 60_000 },
          egress: { allow: ['example.com', { host: 'api.example.com', headers: { 'x-a': 'b' } }] },
          modelLimits: { models: ['claude-*'], maxTokens: 5 },
          mcpServers: { a: { url: 'https://example.com/' }, b: { command: 'true', args: ['x'], env: { A: 'b' } } },
          extraEnv: { COLOUR: 'blue' },
          allowedTools: ['Bash'],
          disallowedTools: ['Edit'],
          betas: ['context-1m-2025-08-07'],
          subagents: { a: { description: 'a', prompt: 'b' } },
          initialAgent: 'a',
        },
      }),
    ],
    missing: { agent: 'agent_not_found', credential: 'credential_invalid' },
    errors: {
      session_config_invalid: ({ agent }) => ({ body: { agent, extraEnv: { ANTHROPIC_API_KEY: 'two words' } } }),
      idempotency_key_reused: ({ agent }) => ({ body: { agent } }),
    },
    elsewhere: {
      agent_directory_missing: broken,
      agent_file_invalid: broken,
      credential_key_missing: 'packages/server/test/routes/credentials.test.ts',
      secret_unreadable: 'packages/server/test/routes/credentials.test.ts',
      storage_full: storageFull,
    },
    foreign: [
      ({ credential }) => ({ body: { agent: 'theirs', credentialId: credential } }),
      ({ credential }) => {
        const headers = { authorization: `Bearer {{credential:${credential}}}` };
        return { body: { agent: 'theirs', egress: { allow: [{ host: 'api.example.com', headers }] } } };
      },
    ],
  },
  listSessions: {
    request: ({ agent }) => ({ query: { agent, status: 'active', limit: 2, offset: 1, includeTotal: true } }),
    also: [() => ({})],
    missing: { agent: 'nothing' },
  },
  getSession: ofSession,
  endSession: { ...ofSession, fresh: fresh.session },
  pauseSession: {
    ...ofSession,
    fresh: fresh.session,
    errors: { session_not_active: ({ ended }) => ({ params: { id: ended } }) },
  },
  resumeSession: {
    ...ofSession,
    fresh: fresh.pausedSession,
    errors: { session_ended: ({ ended }) => ({ params: { id: ended } }) },
  },
  stopSession: {
    ...ofSession,
    fresh: fresh.session,
    errors: { session_not_active: ({ ended }) => ({ params: { id: ended } }) },
  },
  updateSessionConfig: {
    request: ({ restless }) => ({
      params: { id: restless },
      body: {
        model: 'claude-haiku-4-5',
        allowedTools: ['Bash'],
        disallowedTools: null,
        betas: [],
        subagents: { a: { description: 'a', prompt: 'b' } },
        initialAgent: 'a',
      },
    }),
    missing: { restless: 'session_not_found' },
  },
  forkSession: {
    ...ofSession,
    also: [({ session }) => ({ params: { id: session }, body: { at: 2 } })],
    errors: {
      fork_point_invalid: ({ session }) => ({ params: { id: session }, body: { at: 99_999 } }),
      idempotency_key_reused: ({ session }) => ({ params: { id: session }, body: { at: 3 } }),
    },
    elsewhere: { fork_failed: broken, workspace_lost: broken, storage_full: storageFull },
  },
  interruptSession: ofSession,

  sendMessage: {
    request: ({ session }) => ({
      params: { id: session },
      body: {
        content: [{ type: 'text', text: 'Hello!' }],
        includePartialMessages: true,
        model: 'claude-sonnet-4-5',
        maxTurns: 3,
        maxBudgetUsd: 1,
        effort: 'low',
        thinking: { type: 'disabled' },
      },
    }),
    missing: { session: 'session_not_found' },
    errors: {
      session_not_active: ({ ended }) => ({ params: { id: ended }, body: { content: 'Hello?' } }),
      session_busy: ({ asking }) => ({ params: { id: asking }, body: { content: 'Hello?', whenBusy: 'reject' } }),
      idempotency_key_reused: ({ session }) => ({ params: { id: session }, body: { content: 'Other' } }),
    },
    elsewhere: {
      turn_queue_full: 'test/e2e/busy.test.ts',
      capacity_reached: 'test/e2e/capacity.test.ts',
      stream_limit_reached: 'packages/server/test/http/stream.test.ts',
      storage_full: storageFull,
    },
  },
  listMessages: {
    request: ({ session }) => ({ params: { id: session }, query: { limit: 1000, after: 0 } }),
    missing: { session: 'session_not_found' },
  },
  listSessionEvents: {
    ...ofSession,
    also: [({ session }) => ({ params: { id: session }, query: { limit: 3, after: 1, type: 'text' } })],
  },
  followSession: {
    request: ({ session, turn }) => ({ params: { id: session }, query: { turnId: turn } }),
    missing: { session: 'session_not_found', turn: 'turn_not_found' },
    errors: {
      cursor_invalid: [
        ...['x', '-1', '1.2.3', '99999'].map((after) => ({ session }: Things) => ({
          params: { id: session },
          query: { after },
        })),
        ({ session }) => ({ params: { id: session }, headers: { 'last-event-id': '1.x' } }),
      ],
    },
    elsewhere: { stream_limit_reached: 'packages/server/test/http/stream.test.ts' },
  },
  listApprovals: {
    request: ({ asking }) => ({ params: { id: asking }, query: { status: 'pending' } }),
    missing: { asking: 'session_not_found' },
  },
  answerApproval: {
    request: ({ asking, approval }) => ({
      params: { id: asking, approvalId: approval },
      body: { decision: 'deny', message: 'No.' },
    }),
    fresh: fresh.approval,
    after: ({ client }, { asking }) => client.endSession(asking),
    missing: { asking: 'session_not_found', approval: 'approval_not_found' },
    errors: {
      approval_answered_already: ({ asking, approval }) => ({
        params: { id: asking, approvalId: approval },
        body: { decision: 'allow', updatedInput: { command: 'true' } },
      }),
    },
    elsewhere: { approval_expired: 'test/e2e/approvals.test.ts' },
  },

  listAgentFiles: {
    request: ({ agent }) => ({ params: { name: agent } }),
    also: [({ agent }) => ({ params: { name: agent }, query: { hashes: true } })],
    missing: { agent: 'agent_not_found' },
    elsewhere: { agent_files_not_found: broken },
  },
  getAgentFile: {
    request: ({ agent, file }) => ({ params: { name: agent, path: file } }),
    also: [({ agent, file }) => ({ params: { name: agent, path: file }, query: { format: 'raw' } })],
    missing: { agent: 'agent_not_found', file: 'file_not_found' },
    errors: {
      file_path_invalid: ['/etc/passwd', '', 'a//b'].map((path) => ({ agent }: Things) => ({
        params: { name: agent, path },
      })),
    },
    elsewhere: {
      agent_files_not_found: broken,
      not_a_file: filesTest,
      file_access_denied: access,
      file_too_large: filesTest,
    },
  },
  listSessionFiles: {
    ...ofSession,
    also: [({ session }) => ({ params: { id: session }, query: { includeHidden: false } })],
    elsewhere: noFiles,
  },
  getSessionFile: {
    request: ({ session, file }) => ({ params: { id: session, path: file }, query: { format: 'json' } }),
    also: [({ session, file }) => ({ params: { id: session, path: file } })],
    missing: { session: 'session_not_found', file: 'file_not_found' },
    errors: { file_path_invalid: badPaths, not_a_file: odd('attachments') },
    elsewhere: {
      ...noFiles,
      file_access_denied: access,
      file_too_large: filesTest,
    },
  },
  writeSessionFiles: {
    request: ({ session }) => ({
      params: { id: session },
      body: {
        files: [
          { path: 'a.txt', content: base64('a') },
          { path: '../b', content: '' },
        ],
        targetPath: 'sub',
      },
    }),
    missing: { session: 'session_not_found' },
    errors: {
      file_path_invalid: ['..', '/tmp', 'a//b'].map((targetPath) => ({ session }: Things) => ({
        params: { id: session },
        body: { files: [{ path: 'a', content: '' }], targetPath },
      })),
    },
    elsewhere: noFiles,
  },
  deleteSessionFile: {
    request: ({ session, file }) => ({ params: { id: session, path: file } }),
    fresh: fresh.file,
    missing: { session: 'session_not_found', file: 'file_not_found' },
    errors: { file_path_invalid: badPaths, not_a_file: odd('attachments') },
    elsewhere: { ...noFiles, file_access_denied: access },
  },
  downloadWorkspace: {
    ...ofSession,
    elsewhere: { ...noFiles, bundle_too_large: 'packages/server/test/routes/bundle.test.ts' },
  },
  uploadWorkspace: {
    request: ({ session, bundle }) => ({ params: { id: session }, body: { bundle } }),
    missing: { session: 'session_not_found' },
    errors: {
      bundle_invalid: ['', 'bm8=', 'ä'].map((bundle) => ({ session }: Things) => ({
        params: { id: session },
        body: { bundle },
      })),
    },
    elsewhere: { ...noFiles, workspace_full: sandboxFiles },
  },
  uploadAttachment: {
    request: ({ session }) => ({
      params: { id: session },
      body: { filename: 'a.txt', content: base64('a'), mimeType: 'text/plain', messageId: newId() },
    }),
    missing: { session: 'session_not_found' },
    errors: {
      attachment_too_large: ({ session }) => ({
        params: { id: session },
        body: { filename: 'a', content: base64('x'.repeat(1001)) },
      }),
      idempotency_key_reused: ({ session }) => ({ params: { id: session }, body: { filename: 'b', content: 'AAAA' } }),
    },
    elsewhere: {
      attachment_not_found: 'packages/server/test/routes/attachments.test.ts',
      storage_full: storageFull,
    },
  },
  listAttachments: ofSession,
  downloadAttachment: {
    request: ({ attachment }) => ({ params: { id: attachment } }),
    missing: { attachment: 'attachment_not_found' },
  },
  deleteAttachment: {
    request: ({ attachment }) => ({ params: { id: attachment } }),
    fresh: fresh.attachment,
    missing: { attachment: 'attachment_not_found' },
  },

  getSessionLogs: {
    request: ({ session }) => ({ params: { id: session }, query: { after: -1 } }),
    missing: { session: 'session_not_found' },
  },
  execInSession: {
    request: ({ session }) => ({ params: { id: session }, body: { command: 'echo hi', timeout: 60_000 } }),
    also: [({ session }) => ({ params: { id: session }, body: { command: 'sleep 60', timeout: 10 } })],
    missing: { session: 'session_not_found' },
    errors: { session_not_active: ({ ended }) => ({ params: { id: ended }, body: { command: 'true' } }) },
    elsewhere: {
      ...noWorkspace,
      ...notWoken,
      exec_failed: broken,
    },
  },

  storeCredential: {
    request: () => ({ body: { type: 'openai', key: 'a-key', label: 'a label' } }),
    errors: { idempotency_key_reused: () => ({ body: { type: 'openai', key: 'other' } }) },
    elsewhere: {
      credential_key_missing: 'packages/server/test/routes/credentials.test.ts',
      storage_full: storageFull,
    },
  },
  listCredentials: { request: () => ({}) },
  deleteCredential: {
    request: ({ credential }) => ({ params: { id: credential } }),
    fresh: fresh.credential,
    missing: { credential: 'credential_not_found' },
  },

  enqueue: {
    request: ({ agent, ended }) => ({
      body: { agentName: agent, prompt: 'Hi', sessionId: ended, priority: 1, maxRetries: 0 },
    }),
    moves: true,
    missing: { agent: 'validation_failed', ended: 'session_not_found' },
    errors: { idempotency_key_reused: () => ({ body: { agentName: 'nobody', prompt: 'Hi' } }) },
    elsewhere: { storage_full: storageFull },
    foreign: [({ session }) => ({ body: { agentName: 'theirs', prompt: 'Hi', sessionId: session } })],
  },
  listQueueItems: { request: () => ({ query: { status: 'failed', limit: 500 } }) },
  getQueueStats: { request: () => ({}) },
  getQueueItem: {
    request: ({ queueItem }) => ({ params: { id: queueItem } }),
    missing: { queueItem: 'queue_item_not_found' },
  },
  cancelQueueItem: {
    request: ({ queueItem }) => ({ params: { id: queueItem } }),
    fresh: fresh.queueItem,
    missing: { queueItem: 'queue_item_not_found' },
    errors: { queue_item_not_pending: ({ queueItem }) => ({ params: { id: queueItem } }) },
  },

  listUsageEvents: {
    request: ({ session, agent }) => ({
      query: { sessionId: session, agentName: agent, after: '2020-01-01T00:00:00Z', before: '2999-01-01T00:00:00Z' },
    }),
    missing: { session: 'nothing', agent: 'nothing' },
  },
  getUsageStats: {
    request: ({ session, agent }) => ({ query: { sessionId: session, agentName: agent } }),
    missing: { session: 'nothing', agent: 'nothing' },
  },
  listEgress: {
    request: ({ session }) => ({ params: { id: session }, query: { after: 0, limit: 5 } }),
    missing: { session: 'session_not_found' },
  },

  createWebhook: {
    request: () => ({ body: { url: 'https://hooks.invalid/a', events: ['turn.completed'], description: 'a' } }),
    errors: {
      webhook_url_invalid: ['http://example.com/', 'https://10.0.0.1/', 'nonsense'].map((url) => () => ({
        body: { url },
      })),
      idempotency_key_reused: () => ({ body: { url: 'https://hooks.invalid/b' } }),
    },
    elsewhere: {
      webhook_limit_reached: 'packages/server/test/routes/webhooks.test.ts',
      secret_unreadable: 'packages/server/test/credentials/seal.test.ts',
      storage_full: storageFull,
    },
  },
  listWebhooks: { request: () => ({}) },
  getWebhook: ofWebhook,
  updateWebhook: {
    request: ({ webhook }) => ({ params: { id: webhook }, body: { description: 'b', events: null, enabled: true } }),
    fresh: fresh.webhook,
    missing: { webhook: 'webhook_not_found' },
    errors: {
      webhook_url_invalid: ({ webhook }) => ({ params: { id: webhook }, body: { url: 'http://example.com/' } }),
    },
  },
  deleteWebhook: { ...ofWebhook, fresh: fresh.webhook },
  rotateWebhookSecret: {
    ...ofWebhook,
    fresh: fresh.webhook,
    errors: {
      idempotency_key_reused: ({ webhook }) => ({ params: { id: webhook }, body: { overlapSeconds: 5 } }),
    },
    elsewhere: { secret_unreadable: 'packages/server/test/credentials/seal.test.ts', storage_full: storageFull },
  },
  testWebhook: {
    ...ofWebhook,
    fresh: fresh.webhook,
    moves: true,
    errors: {
      webhook_disabled: disabled(),
      idempotency_key_reused: { fresh: fresh.webhook, request: ofWebhook.request },
    },
    elsewhere: { storage_full: storageFull },
  },
  listWebhookDeliveries: {
    request: ({ webhook, delivery }) => ({
      params: { id: webhook },
      query: { status: 'delivered', type: 'webhook.test', limit: 5, before: delivery },
    }),
    also: [({ webhook }) => ({ params: { id: webhook } })],
    missing: { webhook: 'webhook_not_found', delivery: 'nothing' },
  },
  getWebhookDelivery: ofDelivery,
  redeliverWebhook: {
    ...ofDelivery,
    errors: { webhook_disabled: disabled() },
  },
  replayWebhook: {
    request: ({ webhook }) => ({
      params: { id: webhook },
      body: { since: '2020-01-01T00:00:00Z', until: '2020-01-02T00:00:00Z', statuses: ['failed'] },
    }),
    missing: { webhook: 'webhook_not_found' },
    errors: { webhook_disabled: disabled({ body: { since: '2020-01-01T00:00:00Z' } }) },
  },

  listApiKeys: { request: () => ({}) },
  createApiKey: {
    request: () => ({ body: { label: 'a label' } }),
    also: [() => ({})],
    errors: { idempotency_key_reused: () => ({ body: { label: 'other' } }) },
    elsewhere: { storage_full: storageFull },
  },
  deleteApiKey: {
    request: ({ apiKey }) => ({ params: { id: apiKey } }),
    fresh: fresh.apiKey,
    missing: { apiKey: 'api_key_not_found' },
  },
  createTenantApiKey: {
    request: () => ({ body: { tenantId: 'made', label: 'a label' } }),
    errors: { idempotency_key_reused: () => ({ body: { tenantId: 'made' } }) },
    elsewhere: { storage_full: storageFull },
  },
  listRunners: { request: () => ({}) },
};

/** Deploys a folder of the test's own disk. */
function byPath(ash: Ash, folder: string): Given {
  return { body: { name: 'by-path', path: join(ash.dataDir, '..', folder) } };
}
