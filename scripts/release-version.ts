/**
 * `npm run release:version`: takes the waiting notes of `.changeset/` into one new version of everything: the npm packages (by
 * changesets), the Python package, the lock file, and a section of CHANGELOG.md. Publishes nothing.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const at = (...path: string[]): string => join(root, ...path);

const notes = readdirSync(at('.changeset'))
  .filter((name) => name.endsWith('.md') && name !== 'README.md')
  .map((name) => noteOf(readFileSync(at('.changeset', name), 'utf8')));
if (notes.length === 0) {
  console.error('Nothing to release: no notes in .changeset (npx changeset writes one).');
  process.exit(1);
}
run('npx', ['--no-install', 'changeset', 'version']);
const { version } = JSON.parse(readFileSync(at('packages', 'sdk', 'package.json'), 'utf8')) as { version: string };
replace(at('packages', 'sdk-python', 'ash_ai', '__init__.py'), /^__version__ = ".*"$/m, `__version__ = "${version}"`);
run('npm', ['install', '--package-lock-only', '--no-audit', '--no-fund']);
const section = `## ${version} - ${new Date().toISOString().slice(0, 10)}\n\n${notes.join('\n')}\n`;
replace(at('CHANGELOG.md'), /\n(?=## )/, `\n${section}\n`);
console.log(`Version ${version}. Look at the change, commit it, tag it v${version}; then npx changeset publish.`);

/** The text of a note without its front matter, as a list item. */
function noteOf(text: string): string {
  const body = text.replace(/^---\n[\s\S]*?\n---\n/, '').trim();
  return `- ${body.replaceAll('\n', '\n  ')}`;
}

function replace(path: string, what: RegExp, by: string): void {
  const before = readFileSync(path, 'utf8');
  if (!what.test(before)) throw new Error(`${path} has nothing like ${what}`);
  writeFileSync(path, before.replace(what, by));
}

function run(program: string, args: string[]): void {
  const { status } = spawnSync(program, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
