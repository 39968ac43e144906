/** What both SDKs are asked to do: one table, in words that either language can follow. */
import { script } from '@ash-ai/scripted-model';

/** One call. Its answer is kept under `as`, for later steps to name parts of it: `$session.id`. */
export interface Step {
  /** The method, by its TypeScript name; Python's is the same in snake_case. */
  call: string;
  /** What is given by place. A text that begins with `$` is a part of an earlier answer, with `base64:` it is bytes. */
  at?: unknown[];
  /** What is given by name: the last argument in TypeScript, keyword arguments in Python. */
  with?: Record<string, unknown>;
  as?: string;
  /** A stream is left after the first event of this type. */
  leaveAt?: string;
  /** The call is made again until its answer has these fields. */
  until?: Record<string, unknown>;
  /** What is compared: `all` (default), the `last` event, usage `byType`, as its order is open, or `nothing` but that it went well. */
  compare?: 'all' | 'last' | 'byType' | 'nothing';
}

const write = { name: 'Write', input: { file_path: '{{cwd}}/report.md', content: 'Grüß dich, 👋!' } };
const nobody = '019a0000-0000-7000-8000-000000000000';
const session = '$session.id';

const files = [
  { path: 'CLAUDE.md', content: btoa('# An agent for tests') },
  { path: 'notes/two words.md', content: Buffer.from('Grüße\n').toString('base64') },
  { path: 'bin/greet', content: btoa('#!/bin/sh\necho hello\n'), executable: true },
];

/** The scenario, in order. */
export const steps: readonly Step[] = [
  { call: 'health', compare: 'nothing' },
  // Agents
  { call: 'listAgents' },
  { call: 'createAgent', at: ['deployed'], with: { files } },
  { call: 'createAgent', at: ['deployed'], with: { files: files.slice(0, 1), replace: false } },
  { call: 'createAgent', at: ['poet'], with: { systemPrompt: 'Answer in verse. ✍️' } },
  { call: 'getAgent', at: ['poet'] },
  { call: 'listAgents' },
  { call: 'listAgentFiles', at: ['deployed'] },
  { call: 'listAgentFiles', at: ['deployed'], with: { hashes: true } },
  { call: 'getAgentFile', at: ['deployed', 'notes/two words.md'] },
  { call: 'getAgentFile', at: ['deployed', 'missing.md'] },
  { call: 'listAgentVersions', at: ['deployed'], as: 'versions' },
  { call: 'listAgentVersions', at: ['deployed'], with: { limit: 1, before: 2 } },
  { call: 'listAgentVersions', at: ['nobody'] },
  { call: 'getAgentVersion', at: ['deployed', 2] },
  { call: 'getAgentVersion', at: ['deployed', 99] },
  { call: 'activateAgentVersion', at: ['deployed', '$versions.1.id'] },
  { call: 'getAgent', at: ['deployed'] },
  { call: 'activateAgentVersion', at: ['deployed', 'no-version'] },
  { call: 'getAgent', at: ['nobody'] },
  { call: 'createAgent', at: ['../bad'], with: { systemPrompt: 'x' } },
  { call: 'deployAgent', at: ['nowhere', '/nowhere/at/all'] },

  // A session and a conversation
  { call: 'createSession', at: ['nobody'] },
  { call: 'createSession', at: ['poet'], with: { limits: { memoryMb: -1 } } },
  {
    call: 'createSession',
    at: ['poet'],
    with: { model: 'claude-sonnet-4-5', extraEnv: { COLOUR: 'blue' }, disallowedTools: ['WebSearch'] },
    as: 'session',
  },
  { call: 'getSession', at: [session] },
  { call: 'sendMessageStream', at: [session, 'My name is Ada.'], with: { includePartialMessages: true }, as: 'turn' },
  { call: 'sendMessageStream', at: [session, script({ text: 'I write.', tools: [write] }, 'It is {{result}}')] },
  { call: 'sendMessageStream', at: [session, [{ type: 'text', text: 'What is my name?' }]], with: { maxTurns: 3 } },
  { call: 'sendMessageStream', at: [session, script({ faults: [{ status: 400, times: 'always' }] })] },
  { call: 'followSession', at: [session], with: { turnId: '$turn.0.data.turnId' } },
  { call: 'followSession', at: [session], with: { turnId: nobody } },
  { call: 'followSession', at: [session], with: { after: 100_000 } },
  { call: 'listMessages', at: [session], as: 'messages' },
  { call: 'listMessages', at: [session], with: { limit: 2, afterSequence: '$messages.1.sequence' } },
  { call: 'listSessionEvents', at: [session] },
  { call: 'listSessionEvents', at: [session], with: { type: 'tool_start', limit: 5 } },
  { call: 'iterateMessages', at: [session] },
  { call: 'iterateMessages', at: [session], with: { afterSequence: '$messages.1.sequence' } },
  { call: 'iterateMessages', at: [nobody] },
  { call: 'iterateSessionEvents', at: [session], with: { type: 'tool_start' } },
  { call: 'sendMessageStream', at: [session, ''] },
  { call: 'sendMessageStream', at: [nobody, 'Hello!'] },

  // An interrupted turn
  {
    call: 'sendMessageStream',
    at: [session, script({ tools: [{ name: 'Bash', input: { command: 'sleep 60' } }] })],
    leaveAt: 'tool_use',
    as: 'long',
  },
  { call: 'interruptSession', at: [session] },
  { call: 'followSession', at: [session], with: { turnId: '$long.0.data.turnId' }, compare: 'last' },
  { call: 'interruptSession', at: [session] },

  // An approval
  { call: 'createSession', at: ['poet'], with: { permissionMode: 'default' }, as: 'careful' },
  {
    call: 'sendMessageStream',
    at: ['$careful.id', script({ tools: [write] }, 'Written.')],
    leaveAt: 'approval',
    as: 'asking',
  },
  { call: 'listApprovals', at: ['$careful.id'], with: { status: 'pending' }, as: 'approvals' },
  { call: 'answerApproval', at: ['$careful.id', '$approvals.0.id'], with: { decision: 'allow' } },
  { call: 'followSession', at: ['$careful.id'], with: { turnId: '$asking.0.data.turnId' } },
  { call: 'answerApproval', at: ['$careful.id', '$approvals.0.id'], with: { decision: 'deny', message: 'No.' } },
  { call: 'answerApproval', at: ['$careful.id', nobody], with: { decision: 'deny' } },

  // Files and commands
  { call: 'getSessionFiles', at: [session], with: { includeHidden: false } },
  { call: 'getSessionFile', at: [session, 'report.md'] },
  { call: 'downloadSessionFile', at: [session, 'report.md'] },
  {
    call: 'writeSessionFiles',
    at: [
      session,
      [
        { path: 'a b/ü?#.txt', content: 'aGk=' },
        { path: '../out', content: '' },
      ],
      'sub',
    ],
  },
  { call: 'getSessionFile', at: [session, 'sub/a b/ü?#.txt'] },
  { call: 'getSessionFile', at: [session, 'missing.txt'] },
  { call: 'getSessionFile', at: [session, 'sub'] },
  { call: 'exec', at: [session, 'echo $COLOUR; cat sub/*/*; echo oops >&2; exit 3'], with: { timeout: 20_000 } },
  { call: 'downloadWorkspace', at: [session], as: 'bundle', compare: 'nothing' },
  { call: 'deleteSessionFile', at: [session, 'sub/a b/ü?#.txt'] },
  { call: 'deleteSessionFile', at: [session, 'sub/a b/ü?#.txt'] },
  { call: 'uploadWorkspace', at: [session, '$bundle'] },
  { call: 'getSessionFile', at: [session, 'sub/a b/ü?#.txt'] },
  { call: 'uploadWorkspace', at: [session, 'base64:bm8='] },
  {
    call: 'uploadAttachment',
    at: [session, 'photo é.png', 'base64:AAH/'],
    with: { mimeType: 'image/png' },
    as: 'photo',
  },
  { call: 'listAttachments', at: [session] },
  { call: 'downloadAttachment', at: ['$photo.id'] },
  { call: 'deleteAttachment', at: ['$photo.id'] },
  { call: 'downloadAttachment', at: ['$photo.id'] },

  // Life cycle
  { call: 'updateSessionConfig', at: [session], with: { model: null, allowedTools: ['Read'], betas: [] } },
  { call: 'pauseSession', at: [session] },
  { call: 'sendMessageStream', at: [session, 'Hello?'] },
  { call: 'exec', at: [session, 'true'] },
  { call: 'resumeSession', at: [session] },
  { call: 'stopSession', at: [session] },
  { call: 'getSessionLogs', at: [session] },
  { call: 'forkSession', at: [session], as: 'fork' },
  { call: 'resumeSession', at: ['$fork.id'] },
  { call: 'sendMessageStream', at: ['$fork.id', 'What is my name?'] },
  { call: 'forkSessionWithFiles', at: [session], with: { at: 100_000 } },
  { call: 'endSession', at: [session] },
  { call: 'resumeSession', at: [session] },
  { call: 'listSessions' },
  { call: 'listSessions', with: { agent: 'poet', status: 'ended' } },
  { call: 'iterateSessions', with: { agent: 'poet' } },
  { call: 'listSessionsWithTotal', with: { limit: 1, offset: 1 } },
  { call: 'listSessions', with: { limit: -1 } },

  // Credentials
  { call: 'storeCredential', at: ['anthropic', 'sk-ant-of-the-conformance', 'mine'], as: 'credential' },
  {
    call: 'storeBedrockCredential',
    with: { accessKeyId: 'AKIA', secretAccessKey: 'secret', region: 'eu-west-1', label: 'aws' },
  },
  { call: 'listCredentials' },
  { call: 'createSession', at: ['poet'], with: { credentialId: '$credential.id' } },
  { call: 'deleteCredential', at: ['$credential.id'] },
  { call: 'deleteCredential', at: ['$credential.id'] },
  { call: 'createSession', at: ['poet'], with: { credentialId: '$credential.id' } },

  // Queue
  { call: 'enqueue', at: ['poet', 'Count to 3.'], with: { priority: 5, maxRetries: 1 }, as: 'item' },
  { call: 'getQueueItem', at: ['$item.id'], until: { status: 'completed' } },
  { call: 'cancelQueueItem', at: ['$item.id'] },
  { call: 'listQueueItems', with: { limit: 10 } },
  { call: 'getQueueItem', at: [nobody] },
  { call: 'enqueue', at: ['nobody', 'Count to 3.'], with: { maxRetries: 1 }, as: 'lost' },
  { call: 'getQueueItem', at: ['$lost.id'], until: { status: 'failed' } },
  { call: 'getQueueStats' },

  // Usage, egress
  { call: 'listUsageEvents', with: { sessionId: '$fork.id' }, compare: 'byType' },
  { call: 'getUsageStats', with: { sessionId: '$fork.id' } },
  { call: 'listUsageEvents', with: { after: '2999-01-01T00:00:00Z' } },
  { call: 'listUsageEvents', with: { after: 'yesterday' } },
  { call: 'listEgress', at: ['$fork.id'] },

  // Webhooks
  { call: 'createWebhook', at: ['https://127.0.0.1/hook'] },
  {
    call: 'createWebhook',
    at: ['https://hooks.invalid/ash'],
    with: { events: ['turn.completed', 'turn.failed'], description: 'of the conformance' },
    as: 'hook',
  },
  { call: 'createWebhook', at: ['https://hooks.invalid/all'] },
  { call: 'listWebhooks' },
  { call: 'getWebhook', at: ['$hook.webhook.id'] },
  { call: 'getWebhook', at: [nobody] },
  { call: 'rotateWebhookSecret', at: ['$hook.webhook.id'], with: { overlapSeconds: 0 } },
  { call: 'testWebhook', at: ['$hook.webhook.id'], as: 'test' },
  { call: 'listWebhookDeliveries', at: ['$hook.webhook.id'], with: { status: 'delivered', limit: 5 } },
  { call: 'listWebhookDeliveries', at: ['$hook.webhook.id'], with: { type: 'webhook.test' }, compare: 'nothing' },
  { call: 'getWebhookDelivery', at: ['$hook.webhook.id', '$test.id'], compare: 'nothing' },
  { call: 'getWebhookDelivery', at: ['$hook.webhook.id', nobody] },
  { call: 'redeliverWebhook', at: ['$hook.webhook.id', '$test.id'], compare: 'nothing' },
  { call: 'testWebhook', at: [nobody] },
  { call: 'deleteWebhook', at: ['$hook.webhook.id'] },
  { call: 'deleteWebhook', at: ['$hook.webhook.id'] },

  // API keys
  { call: 'createApiKey', at: ['of the conformance'], as: 'key' },
  { call: 'listApiKeys' },
  { call: 'deleteApiKey', at: ['$key.id'] },
  { call: 'deleteApiKey', at: ['$key.id'] },

  { call: 'deleteAgent', at: ['poet'] },
  { call: 'deleteAgent', at: ['poet'] },
  { call: 'listSessions', with: { status: 'active' } },
];
