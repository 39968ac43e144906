/** `ash deploy`: uploads a folder as the next version of an agent, and says what is new in it. */
import { readdir } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { AshClient } from '@ash-ai/sdk';
import { toAgentName } from '@ash-ai/shared';
import { type Changes, changesBetween, isNothing } from '../agent-changes.ts';
import { isSecret, readAgentFiles } from '../agent-files.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { showSentence } from '../output/show.ts';
import { waiting } from '../output/waiting.ts';
import { inLine } from '../output/width.ts';
import { counted, sizeOf } from '../output/words.ts';

export async function deploy(
  context: Context,
  path: string,
  options: { name?: string; dryRun?: boolean; env?: string[] },
): Promise<void> {
  const { terminal } = context;
  const given = options.name ?? basename(resolve(path));
  const name = toAgentName(given);
  if (name === '') throw new Failure(`${JSON.stringify(given)} leaves no name for the agent. Give one with --name.`);
  if (options.env !== undefined) {
    const next = `Give them to its sessions: ash session create ${name} -e ${options.env[0]?.split('=', 1)[0]}=…`;
    throw new Failure('the server keeps no variables with an agent', { next });
  }
  const { files, bytes, leftOut } = await readAgentFiles(path);
  if (leftOut.length > 0) terminal.note(`Left out, for they are no files of this folder: ${leftOut.join(', ')}`);
  await tellOfSecrets(context, path, name);

  const client = await context.client();
  const before = await waiting(context, 'Comparing', lastVersion(client, name));
  const changes = changesBetween(before?.files ?? [], files);
  if (before?.whole !== false) tellOfChanges(context, changes, before !== undefined);
  if (options.dryRun) {
    const told = `${counted(files.length, 'file')} (${sizeOf(bytes)}) would become ${before === undefined ? 'version 1' : 'the next version'} of agent "${name}"`;
    return showSentence(context, told, { name, version: before?.version ?? null, ...changes }, name);
  }
  const upload = client.createAgent(name, { files, replace: true });
  const agent = await waiting(context, `Uploading ${counted(files.length, 'file')} (${sizeOf(bytes)})`, upload);
  showSentence(context, `Deployed agent "${agent.name}" (v${agent.version})`, agent, agent.name);
  if (before === undefined && context.form === 'people') terminal.note(terminal.dim(`  ash chat ${agent.name}`));
}

/** The files of the active version with their hashes; undefined when there is no such agent. */
async function lastVersion(client: AshClient, name: string) {
  try {
    const { version } = await client.getAgent(name);
    const { files, truncated } = await client.listAgentFiles(name, { hashes: true });
    // A server before hashes, or a folder beyond a listing: nothing true can be said of it.
    return { version, files, whole: truncated !== true && files.every(({ sha256 }) => sha256 !== undefined) };
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'agent_not_found' || code === 'agent_files_not_found') return undefined;
    throw error;
  }
}

/** More lines than these say nothing more. */
const longestList = 20;

function tellOfChanges({ terminal, form }: Context, changes: Changes, redeployed: boolean): void {
  if (form === 'json' || form === 'quiet' || !redeployed) return;
  if (isNothing(changes)) terminal.note('No file has changed since the last version.');
  const lines = [
    ...changes.added.map((path) => `  + ${path}`),
    ...changes.changed.map((path) => `  ~ ${path}`),
    ...changes.removed.map((path) => `  - ${path}`),
  ];
  for (const line of lines.slice(0, longestList)) terminal.note(inLine(line));
  if (lines.length > longestList) terminal.note(`  … and ${lines.length - longestList} more`);
}

/** Variables are given to sessions: an agent holds none, and no secret is uploaded as a file. */
async function tellOfSecrets({ terminal }: Context, path: string, name: string): Promise<void> {
  const secrets = (await readdir(path)).filter(isSecret);
  if (secrets.length === 0) return;
  terminal.note(`Not uploaded, for secrets are in them: ${secrets.map(inLine).join(', ')}`);
  terminal.note(
    terminal.dim(`  To give them to a session: ash session create ${name} --env-file ${path}/${secrets[0]}`),
  );
}
