/** `ash agent …`: list, show, read, delete. */
import type { Agent, FileEntry } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
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

export async function deleteAgent(context: Context, name: string): Promise<void> {
  await (await context.client()).deleteAgent(name);
  showSentence(context, `Deleted agent: ${name}`, { ok: true }, name);
}
