/** `ash init`: makes an agent folder from a template. */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { instructionsFile, toAgentName } from '@ash-ai/shared';
import type { Context } from '../context.ts';
import { codeOf, Failure } from '../failure.ts';
import { showSentence } from '../output/show.ts';
import { isTemplate, type TemplateName, templateFolder, templates } from './templates.ts';

export interface InitOptions {
  template?: string;
  name?: string;
  yes?: boolean;
  force?: boolean;
}

/** Makes the folder. Asks for what isn't given only on a terminal, and never with `--yes`. */
export async function init(context: Context, dir: string | undefined, options: InitOptions): Promise<void> {
  const { terminal } = context;
  const asks = process.stdin.isTTY === true && context.watched && !options.yes && context.form !== 'json';
  const folder = dir ?? (asks ? await ask('Folder', 'my-agent') : undefined);
  if (folder === undefined) throw new Failure('Give a folder: ash init my-agent');
  const path = resolve(folder);
  // Before anything is asked for.
  await needRoom(path, folder, options.force === true);
  const template = templateOf(options.template ?? (asks ? await askTemplate(context) : 'minimal'));
  const given = options.name ?? basename(path);
  const name = toAgentName(given);
  if (name === '') throw new Failure(`${JSON.stringify(given)} leaves no name for the agent. Give one with --name.`);

  await mkdir(path, { recursive: true });
  await cp(templateFolder(template), path, { recursive: true, force: true });
  const instructions = join(path, instructionsFile);
  await writeFile(instructions, (await readFile(instructions, 'utf8')).replaceAll('{{name}}', name));
  const files = (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort();
  showSentence(context, `Made agent "${name}" in ${folder}`, { name, path, template, files }, path);
  if (context.form !== 'people') return;
  const where = shown(folder);
  const named = name === basename(path) ? '' : ` --name ${name}`;
  terminal.note(`
Try it, without any set-up; it is deployed anew whenever you change it:
  ash dev ${where}${named}
  › ${templates[template].say}

Put it on a server (ash start runs one on this machine):
  ash deploy ${where}${named}
  ash chat ${name}`);
}

/** @throws Failure for a folder with something in it, unless `force` */
async function needRoom(path: string, shown: string, force: boolean): Promise<void> {
  const there = await readdir(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return [];
    throw new Failure(codeOf(error) === 'ENOTDIR' ? `${shown} is not a folder` : `${shown} can't be read`, {
      cause: error,
    });
  });
  if (there.length === 0 || force) return;
  throw new Failure(
    `${shown} is not empty. Take another folder, or --force to write the template's files over what is there.`,
  );
}

function templateOf(name: string): TemplateName {
  if (isTemplate(name)) return name;
  throw new Failure(`There is no template ${JSON.stringify(name)}; there are ${Object.keys(templates).join(', ')}`);
}

async function askTemplate({ terminal }: Context): Promise<string> {
  const names = Object.keys(templates) as TemplateName[];
  for (const [at, name] of names.entries()) {
    terminal.note(`  ${at + 1}  ${name.padEnd(9)} ${terminal.dim(templates[name].shows)}`);
  }
  const answer = await ask('Template', '1');
  return names[Number(answer) - 1] ?? answer;
}

async function ask(what: string, otherwise: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`${what} [${otherwise}]: `)).trim() || otherwise;
  } finally {
    lines.close();
  }
}

/** As it can be typed in a shell. */
function shown(path: string): string {
  return /^[\w./~@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`;
}
