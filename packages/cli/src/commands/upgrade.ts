/** `ash upgrade`: which versions are here, how to get a newer one, and what changed in the one that is installed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { readRecord } from '../local-server/record.ts';
import { factLines } from '../output/table.ts';
import { readVersion } from '../version.ts';

/** Says it; nothing is installed, and no registry is asked. */
export async function upgrade(context: Context): Promise<void> {
  const { terminal, form, paint } = context;
  const installed = readVersion();
  const server = await (await context.client(undefined, { maxRetries: 0 })).health().then(
    ({ version }) => version,
    () => undefined,
  );
  const local = readRecord(dataDirOf(undefined)) !== undefined;
  const steps = [
    inCheckout() ? 'git pull && npm test' : 'npm install -g @ash-ai/cli@latest',
    ...(local ? ['ash stop --keep-sandboxes && ash start'] : []),
    'ash doctor',
  ];
  const changes = notes();
  if (form === 'json') return terminal.json({ installed, server: server ?? null, steps, changes });
  const facts = [
    ['command', installed],
    ['server', server ?? `none answers at ${context.serverUrl()}`],
  ] as const;
  terminal.out(`${factLines(facts, paint).join('\n')}\n\nTo upgrade:\n`);
  for (const step of steps) terminal.out(`  ${paint('bold', step)}\n`);
  if (local) {
    terminal.out('\nSessions, awake or asleep, go on with the new server. Keep a copy of the data\n');
    terminal.out('folder: an older server does not open a newer database.\n');
  }
  if (changes !== '') terminal.out(`\nWhat changed in ${installed}:\n\n${wrapped(changes, context.width ?? 100)}\n`);
  if (server !== undefined && server !== installed) {
    terminal.note(`The server is version ${server}, the command ${installed}: use the same.`);
  }
}

/** The newest part of the changelog; empty where none was installed. */
function notes(): string {
  for (const path of ['dist/CHANGELOG.md', '../../CHANGELOG.md']) {
    try {
      const text = readFileSync(join(packageRoot(), path), 'utf8');
      return (
        text
          .split(/^## /m)[1]
          ?.replace(/^.*\n+/, '')
          .trim() ?? ''
      );
    } catch {
      // Not here: the next place.
    }
  }
  return '';
}

function packageRoot(): string {
  return join(import.meta.dirname, import.meta.filename.endsWith('.ts') ? '../..' : '..');
}

/** Whether this is a checkout: there the program's sources lie beside it. */
function inCheckout(): boolean {
  return !packageRoot().includes('node_modules');
}

/** Paragraphs and list items in lines of at most so many characters. */
function wrapped(text: string, width: number): string {
  const joined = text.replace(/([^\n])\n(?![\n\-*#])/g, '$1 ');
  return joined.replace(new RegExp(`(?![^\\n]{1,${width}}$)([^\\n]{1,${width}}) `, 'gm'), '$1\n');
}
