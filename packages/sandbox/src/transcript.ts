/** The agent runtime's own transcript, which it needs to continue a conversation. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Folder } from './workspace/folder.ts';

/** Whether the runtime has a transcript of the session in its home. Names only are looked at: the agent owns the folder. */
export async function hasTranscript(home: string, sessionId: string): Promise<boolean> {
  const projects = join(home, '.claude', 'projects');
  const folders = await readdir(projects).catch(() => []);
  for (const folder of folders) {
    const found = await lstat(join(projects, folder, `${sessionId}.jsonl`)).catch(() => undefined);
    if (found?.isFile()) return true;
  }
  return false;
}

/**
 * Which of these messages, by uuid, are in the session's transcript; undefined when there is no transcript. The home is
 * the agent's: what it put there is searched as text, through descriptors that no link leads astray.
 */
export async function transcriptHolds(
  home: string,
  sessionId: string,
  uuids: readonly string[],
): Promise<Set<string> | undefined> {
  await using transcript = await openTranscript(home, sessionId);
  return transcript && (await held(transcript.chunks(), uuids));
}

/** The session's transcript, opened for reading through descriptors; undefined when there is none. */
export async function openTranscript(
  home: string,
  sessionId: string,
): Promise<({ chunks(): AsyncIterable<Buffer> } & AsyncDisposable) | undefined> {
  for (const folder of await readdir(join(home, '.claude', 'projects')).catch(() => [])) {
    try {
      await using root = await Folder.open(home);
      await using settings = await root.folder('.claude');
      await using projects = await settings.folder('projects');
      await using project = await projects.folder(folder);
      const { handle } = await project.file(`${sessionId}.jsonl`);
      return {
        chunks: () => handle.createReadStream({ autoClose: false }),
        [Symbol.asyncDispose]: () => handle.close(),
      };
    } catch {
      // Not there, or not what the runtime makes of it.
    }
  }
  return undefined;
}

async function held(chunks: AsyncIterable<Buffer>, uuids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  let tail = '';
  for await (const chunk of chunks) {
    const text = tail + chunk.toString('latin1');
    for (const uuid of uuids) if (text.includes(`"uuid":"${uuid}"`)) found.add(uuid);
    tail = text.slice(-64);
  }
  return found;
}
