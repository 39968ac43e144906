/** Asks the research agent one question: `node research.ts <question>`. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { AshApiError, AshClient, extractTextFromEvent } from '@ash-ai/sdk';

const [question] = process.argv.slice(2);
if (question === undefined) {
  console.error('usage: node research.ts <question>');
  process.exit(2);
}
const client = new AshClient({
  serverUrl: process.env.ASH_SERVER_URL ?? 'http://localhost:4100',
  apiKey: process.env.ASH_API_KEY,
});

const agent = await client.createAgent('research-agent', {
  files: await filesOf(join(import.meta.dirname, 'agent')),
  replace: true,
});
const session = await client.createSession(agent.name);
try {
  for await (const event of client.sendMessageStream(session.id, question)) {
    if (event.type === 'tool_use') console.log(`· ${event.data.name} ${JSON.stringify(event.data.input)}`);
    if (event.type === 'message') console.log(extractTextFromEvent(event.data) ?? '');
    if (event.type === 'error') throw new Error(event.data.error);
  }
  console.log((await reportOf(session.id)) ?? '(no report)');
} finally {
  await client.endSession(session.id);
}

/** The report in the session's workspace, if the agent wrote one. */
async function reportOf(sessionId: string): Promise<string | undefined> {
  try {
    return (await client.getSessionFile(sessionId, 'report.md')).content;
  } catch (error) {
    if (error instanceof AshApiError && error.code === 'file_not_found') return undefined;
    throw error;
  }
}

/** Every file of a folder, as an upload wants it. */
async function filesOf(folder: string): Promise<{ path: string; content: string }[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name);
        return { path: relative(folder, path), content: await readFile(path, 'base64') };
      }),
  );
}
