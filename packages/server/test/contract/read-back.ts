/** Where each text that a caller sets can be read again, and which can't be. */
import { newId } from '@ash-ai/shared';
import type { Ash } from '../../../../test/e2e/harness.ts';
import type { Things } from '../../../../test/e2e/things.ts';
import type { Given } from './request.ts';

interface Sent {
  ash: Ash;
  there: Things;
  given: Given;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON was sent and answered
  body: any;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON was sent and answered
  answer: any;
  text: string;
}
/** The text as it is read again. */
type Reader = (sent: Sent) => Promise<unknown>;

const config =
  (name: string, read: (value: Sent['answer']) => unknown): Reader =>
  async ({ ash, answer }) => {
    const { config, model } = (await ash.client.getSession(answer.session.id)) as Sent['answer'];
    return read(name === 'model' ? model : config[name]);
  };
const first = (value: unknown[]) => value[0];
const same = (value: unknown) => value;
const nameOf = (value: object) => Object.keys(value)[0];
const firstOf = (value: object) => Object.values(value)[0];
const ofConfig = (route: string): Record<string, Reader> => ({
  [`${route}.model`]: config('model', same),
  [`${route}.allowedTools[]`]: config('allowedTools', first),
  [`${route}.disallowedTools[]`]: config('disallowedTools', first),
  [`${route}.betas[]`]: config('betas', first),
  [`${route}.subagents.{}`]: config('subagents', nameOf),
  [`${route}.subagents.*`]: config('subagents', firstOf),
  [`${route}.initialAgent`]: config('initialAgent', same),
});
const mcpServer =
  (field: string): Reader =>
  async ({ ash, answer }) => {
    const [event] = await ash.client.listSessionEvents(answer.session.id, { type: 'mcp_status' });
    return JSON.parse(event?.data ?? '{}').servers[0][field];
  };
const accepted =
  (read: (content: Sent['answer']) => unknown): Reader =>
  async ({ ash, there }) => {
    const messages = await ash.client.listMessages(there.asking, { limit: 1000 });
    return read(JSON.parse(messages.filter(({ role }) => role === 'user').at(-1)?.content ?? '{}').content);
  };
const written =
  (name: (body: Sent['body']) => string): Reader =>
  async ({ ash, there, answer, body, text }) => {
    if (!answer.files[0].written) return text;
    const path = name(body);
    const { files } = await ash.client.getSessionFiles(there.session);
    if (!files.some((file) => file.path === path)) return `${path} is not listed`;
    const file = await ash.client.getSessionFile(there.session, path);
    await ash.client.deleteSessionFile(there.session, path);
    return file.path === path ? text : file.path;
  };
const webhook =
  (field: string): Reader =>
  async ({ ash, answer }) =>
    ((await ash.client.getWebhook(answer.webhook.id)) as Sent['answer'])[field];

/** By route and place of the text. */
export const readers: Readonly<Record<string, Reader>> = {
  'deployAgent.name': async ({ ash, answer }) => (await ash.client.getAgent(answer.agent.name)).name,
  'deployAgent.systemPrompt': async ({ ash, answer }) =>
    (await ash.client.getAgentFile(answer.agent.name, 'CLAUDE.md')).content,
  'deployAgent.files[].path': async ({ ash, answer, text }) => {
    const { files } = await ash.client.listAgentFiles(answer.agent.name);
    return files.find(({ path }) => path === text)?.path;
  },
  ...ofConfig('createSession'),
  ...ofConfig('updateSessionConfig'),
  'createSession.systemPrompt': async ({ ash, answer }) =>
    (await ash.client.getSessionFile(answer.session.id, 'CLAUDE.md')).content,
  'createSession.mcpServers.{}': mcpServer('name'),
  'createSession.mcpServers.*.command': mcpServer('command'),
  'createSession.extraEnv.*': async ({ ash, answer }) =>
    (await ash.client.exec(answer.session.id, 'printf %s "$A"')).stdout,
  'sendMessage.content': accepted(same),
  'sendMessage.content[].text': accepted(([block]) => block.text),
  'answerApproval.message': async ({ ash, there }) => {
    const events = await ash.client.listSessionEvents(there.asking, { type: 'approval' });
    return JSON.parse(events.at(-1)?.data ?? '{}').message;
  },
  'writeSessionFiles.files[].path': written(({ files, targetPath }) => `${targetPath}/${files[0].path}`),
  'writeSessionFiles.targetPath': written(({ files, targetPath }) => `${targetPath}/${files[0].path}`),
  'uploadAttachment.filename': async ({ ash, answer, text }) => {
    const [attachment] = (await ash.client.listAttachments(answer.attachment.sessionId)).slice(-1);
    const file = await ash.call('GET', `/api/attachments/${answer.attachment.id}`);
    const name = decodeURIComponent(/''(.*)$/.exec(file.headers.get('content-disposition') ?? '')?.[1] ?? '');
    // It is reduced to its last part.
    const reduced = text.split(/[\\/]/).at(-1);
    return attachment?.filename === name && name === reduced ? text : name;
  },
  'uploadAttachment.mimeType': async ({ ash, answer }) =>
    (await ash.call('GET', `/api/attachments/${answer.attachment.id}`)).headers.get('content-type'),
  'execInSession.command': async ({ answer }) => answer.stdout,
  'storeCredential.label': async ({ ash }) => (await ash.client.listCredentials())[0]?.label,
  'enqueue.agentName': async ({ ash, answer }) => (await ash.client.getQueueItem(answer.item.id)).agentName,
  'enqueue.prompt': async ({ ash, answer }) => (await ash.client.getQueueItem(answer.item.id)).prompt,
  'createWebhook.url': webhook('url'),
  'createWebhook.description': webhook('description'),
  'updateWebhook.url': webhook('url'),
  'updateWebhook.description': webhook('description'),
  'createApiKey.label': async ({ ash }) => (await ash.client.listApiKeys())[0]?.label,
  'createTenantApiKey.tenantId': async ({ answer }) => answer.tenantId,
  'createTenantApiKey.label': async ({ ash, answer }) => (await ash.clientOf(() => answer.key).listApiKeys())[0]?.label,
};

const secret = 'no route shows it';
const sandbox = 'it is for the sandbox and its gateway';
const bytes = 'it is bytes in base64';
const turn = 'it is for the turn alone';
/** Texts that can't be read again, and why. What names or filters something is no setting. */
export const unread: Readonly<Record<string, string>> = {
  'deployAgent.path': 'it is a folder of the server',
  'deployAgent.files[].content': bytes,
  'createSession.agent': 'it names an agent',
  'createSession.credentialId': 'it names a credential',
  'createSession.egress.allow[]': sandbox,
  'createSession.egress.allow[].host': sandbox,
  'createSession.egress.allow[].headers.{}': sandbox,
  'createSession.egress.allow[].headers.*': sandbox,
  'createSession.modelLimits.models[]': sandbox,
  'createSession.modelLimits.serverTools[]': sandbox,
  'createSession.mcpServers.*.url': 'it is shown without its query',
  'createSession.mcpServers.*.headers.{}': secret,
  'createSession.mcpServers.*.headers.*': secret,
  'createSession.mcpServers.*.args[]': secret,
  'createSession.mcpServers.*.env.{}': secret,
  'createSession.mcpServers.*.env.*': secret,
  'createSession.extraEnv.{}': 'it is a name of plain letters',
  'sendMessage.content[].source.data': bytes,
  'sendMessage.model': turn,
  'sendMessage.thinking.type': turn,
  'sendMessage.outputFormat.type': turn,
  'sendMessage.outputFormat.schema.{}': turn,
  'sendMessage.outputFormat.schema.*': turn,
  'answerApproval.updatedInput.{}': 'it is what the tool is called with',
  'answerApproval.updatedInput.*': 'it is what the tool is called with',
  'writeSessionFiles.files[].content': bytes,
  'writeSessionFiles.files[].mimeType': 'it is ignored',
  'uploadWorkspace.bundle': bytes,
  'uploadAttachment.content': bytes,
  'uploadAttachment.messageId': 'it is an id',
  'storeCredential.key': secret,
  'enqueue.sessionId': 'it is an id',
  'replayWebhook.since': 'it is an instant',
  'replayWebhook.until': 'it is an instant',
};

/** The text within a command that prints it. */
export const printing = (text: string): string => `printf %s '${text.replaceAll("'", "'\\''")}'`;

/** A name that is free. */
export const freeName = (): string => `odd-${newId()}`;
