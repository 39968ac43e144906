/** `ash deploy`: uploads a folder as the next version of an agent. */
import { basename, resolve } from 'node:path';
import { toAgentName } from '@ash-ai/shared';
import { readAgentFiles } from '../agent-files.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { showSentence } from '../output/show.ts';
import { waiting } from '../output/waiting.ts';
import { counted, sizeOf } from '../output/words.ts';

export async function deploy(context: Context, path: string, options: { name?: string }): Promise<void> {
  const { terminal } = context;
  const given = options.name ?? basename(resolve(path));
  const name = toAgentName(given);
  if (name === '') throw new Failure(`${JSON.stringify(given)} leaves no name for the agent. Give one with --name.`);
  const { files, bytes, leftOut } = await readAgentFiles(path);
  if (leftOut.length > 0) terminal.note(`Left out, for they are no files of this folder: ${leftOut.join(', ')}`);
  const client = await context.client();
  const upload = client.createAgent(name, { files, replace: true });
  const agent = await waiting(context, `Uploading ${counted(files.length, 'file')} (${sizeOf(bytes)})`, upload);
  showSentence(context, `Deployed agent "${agent.name}" (v${agent.version})`, agent, agent.name);
}
