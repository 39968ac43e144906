/** `ash deploy`: uploads a folder as the next version of an agent. */
import { basename, resolve } from 'node:path';
import { toAgentName } from '@ash-ai/shared';
import { readAgentFiles } from '../agent-files.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';

export async function deploy(
  { client, terminal }: Context,
  path: string,
  options: { name?: string; json?: boolean },
): Promise<void> {
  const given = options.name ?? basename(resolve(path));
  const name = toAgentName(given);
  if (name === '') throw new Failure(`${JSON.stringify(given)} leaves no name for the agent. Give one with --name.`);
  const { files, bytes, leftOut } = await readAgentFiles(path);
  if (leftOut.length > 0) terminal.note(`Left out, for they are no files of this folder: ${leftOut.join(', ')}`);
  terminal.progress(terminal.dim(`Uploading ${files.length} files (${size(bytes)}) …`));
  const agent = await (await client()).createAgent(name, { files, replace: true });
  if (options.json) terminal.json(agent);
  else terminal.out(`Deployed agent "${agent.name}" (v${agent.version})\n`);
}

function size(bytes: number): string {
  return bytes < 1024
    ? `${bytes} B`
    : bytes < 1024 ** 2
      ? `${(bytes / 1024).toFixed(1)} KiB`
      : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}
