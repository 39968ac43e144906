/** The texts of the guide: Markdown pages, the skill and the index for assistants, as they lie in a checkout or an installation. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** A checkout has them at its root; an installation beside the bundle that this file is in, where the build put them. */
const home = new URL(import.meta.url.endsWith('.ts') ? '../../../../../' : './guide/', import.meta.url);

/** Texts by path: `docs/quickstart.md`, `skills/ash/SKILL.md`, `llms.txt`. Empty when there are none. */
export function readGuide(): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  for (const folder of ['docs', 'skills/ash']) {
    for (const name of namesIn(folder)) texts.set(`${folder}/${name}`, read(`${folder}/${name}`));
  }
  if (texts.size > 0) texts.set('llms.txt', read('llms.txt'));
  return texts;
}

function namesIn(folder: string): string[] {
  try {
    const names = readdirSync(fileURLToPath(new URL(folder, home)), { recursive: true });
    return names.map(String).filter((name) => name.endsWith('.md'));
  } catch {
    return [];
  }
}

function read(path: string): string {
  return readFileSync(new URL(path, home), 'utf8');
}
