/** `ash agent …`: list, show, read, delete. */
import type { Agent, AgentVersion, AshClient, FileEntry } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { count } from '../option-values.ts';
import { type Column, showList, showOne, showSentence } from '../output/show.ts';
import { ago, counted, sizeOf } from '../output/words.ts';

const columns: readonly Column<Agent>[] = [
  { title: 'name', of: ({ name }) => name, style: () => 'bold', elastic: true },
  { title: 'version', of: ({ version }) => `v${version}` },
  { title: 'updated', of: ({ updatedAt }) => ago(updatedAt) },
  { title: 'id', of: ({ id }) => id },
];

export async function listAgents(context: Context): Promise<void> {
  const agents = await (await context.client()).listAgents();
  showList(context, agents, {
    columns,
    key: ({ name }) => name,
    none: 'No agents yet. Deploy one: ash deploy <folder>',
  });
}

export async function getAgent(context: Context, name: string): Promise<void> {
  const agent = await (await context.client()).getAgent(name);
  showOne(context, agent, {
    key: agent.name,
    facts: [
      ['name', agent.name],
      ['version', `v${agent.version}`],
      ['hash', agent.hash],
      ['id', agent.id],
      ['tenant', agent.tenantId],
      ['path', agent.path],
      ['created', `${agent.createdAt} (${ago(agent.createdAt)})`],
      ['updated', `${agent.updatedAt} (${ago(agent.updatedAt)})`],
    ],
  });
}

const fileColumns: readonly Column<FileEntry>[] = [
  { title: 'path', of: ({ path }) => path, elastic: true },
  { title: 'size', of: ({ size }) => sizeOf(size), right: true },
  { title: 'modified', of: ({ modifiedAt }) => ago(modifiedAt) },
];

export async function agentFiles(context: Context, name: string, path: string | undefined): Promise<void> {
  const client = await context.client();
  if (path !== undefined) {
    const file = await client.getAgentFile(name, path);
    if (context.form === 'json') context.terminal.json(file);
    else context.terminal.out(file.content);
    return;
  }
  const answer = await client.listAgentFiles(name);
  const key = (file: FileEntry) => file.path;
  showList(context, answer.files, { columns: fileColumns, key, none: 'No files.', value: answer });
  if (context.form === 'people') context.terminal.note(context.terminal.dim(counted(answer.files.length, 'file')));
}

const versionColumns: readonly Column<AgentVersion>[] = [
  { title: 'version', of: ({ name }) => name, style: ({ isActive }) => (isActive ? 'bold' : undefined) },
  { title: 'state', of: ({ isActive }) => (isActive ? 'active' : ''), style: () => 'green' },
  { title: 'deployed', of: ({ createdAt }) => ago(createdAt) },
  { title: 'files', of: ({ fileCount }) => fileCount, right: true },
  { title: 'size', of: ({ sizeBytes }) => sizeOf(sizeBytes), right: true },
  { title: 'hash', of: ({ hash }) => hash.slice(0, 12) },
];

export async function listVersions(
  context: Context,
  name: string,
  options: { limit?: string; before?: string },
): Promise<void> {
  const page = { limit: count('--limit', options.limit), before: count('--before', options.before) };
  const versions = await (await context.client()).listAgentVersions(name, page);
  const key = ({ versionNumber }: AgentVersion) => versionNumber;
  showList(context, versions, { columns: versionColumns, key, none: 'No more versions.' });
}

/** Activates a version; without one, that before the active one. */
export async function rollback(context: Context, name: string, version: string | undefined): Promise<void> {
  const client = await context.client();
  const { version: active } = await client.getAgent(name);
  const wanted = version?.replace(/^v(?=\d)/, '') ?? (await before(client, name, active));
  await client.activateAgentVersion(name, wanted);
  const agent = await client.getAgent(name);
  const sentence = `New sessions of agent "${name}" are made from v${agent.version} (before: v${active})`;
  showSentence(context, sentence, agent, agent.version);
}

async function before(client: AshClient, name: string, active: number): Promise<number> {
  const [version] = await client.listAgentVersions(name, { limit: 1, before: active });
  if (version === undefined) throw new Failure(`agent "${name}" has no version before v${active}`);
  return version.versionNumber;
}

export async function deleteAgent(context: Context, name: string): Promise<void> {
  await (await context.client()).deleteAgent(name);
  showSentence(context, `Deleted agent: ${name}`, { ok: true }, name);
}
