/** Writes the pages of docs/ that are made from the code, the index for assistants, and the lists of methods. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedFiles } from './docs/generated-files.ts';

const root = join(import.meta.dirname, '..');

for (const [path, text] of Object.entries(await generatedFiles(root))) {
  writeFileSync(join(root, path), text);
  console.log(path);
}
