/** The agent runtime's own transcript, which it needs to continue a conversation. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

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
