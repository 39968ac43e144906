/** Finds the code samples of the documentation: fenced blocks, with what their info line says about running them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Language = 'ts' | 'python' | 'sh' | 'json';

export interface Sample {
  /** File and line of the fence, as editors understand it. */
  place: string;
  language: Language;
  code: string;
  /** Why it cannot be run here; undefined when it is run. */
  notRun: string | undefined;
  /** Lines that it must print, in order; `…` stands for anything. */
  output: string[];
}

export interface Page {
  path: string;
  /** Whether the page starts a server of its own. */
  ownServer: boolean;
  samples: Sample[];
}

const runnable = new Set<string>(['ts', 'python', 'sh', 'json']);
/** Words that look like a language that is run, and aren't what we write. */
const wrongNames = new Set(['typescript', 'py', 'bash', 'shell', 'console', 'js', 'javascript']);

/** Every page with samples. @param root the checkout */
export function pagesOf(root: string): Page[] {
  const markdown = (folder: string) =>
    readdirSync(join(root, folder), { recursive: true })
      .map(String)
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name));
  const paths = [
    'README.md',
    'CONTRIBUTING.md',
    'packages/mcp-server/README.md',
    ...markdown('docs'),
    ...markdown('skills'),
  ];
  return paths.sort().map((path) => pageOf(path, readFileSync(join(root, path), 'utf8')));
}

/** The samples of one page. Throws for a fence that nobody would run by mistake. */
export function pageOf(path: string, text: string): Page {
  const samples: Sample[] = [];
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)(`{3,})(\S*)\s*(.*)$/.exec(lines[at] ?? '');
    if (fence === null) continue;
    const [, indent = '', ticks = '', language = '', rest = ''] = fence;
    const start = at + 1;
    while (++at < lines.length && lines[at] !== indent + ticks);
    const code = lines
      .slice(start, at)
      .map((line) => line.slice(indent.length))
      .join('\n');
    const place = `${path}:${start}`;
    if (wrongNames.has(language)) throw new Error(`${place}: write ts, python or sh, not ${language}`);
    if (language === 'text' && rest === 'output') {
      const before = samples.at(-1);
      if (before === undefined) throw new Error(`${place}: output of nothing`);
      before.output = code.split('\n').filter((line) => line.trim() !== '');
    } else if (runnable.has(language)) {
      const notRun = /^norun: (\S.*)$/.exec(rest)?.[1];
      if (rest !== '' && notRun === undefined) throw new Error(`${place}: what is "${rest}"?`);
      samples.push({ place, language: language as Language, code, notRun, output: [] });
    }
  }
  return { path, ownServer: text.includes('<!-- samples: own-server -->'), samples };
}

/** Lines of `output` that `printed` lacks, in their order. */
export function missingLines(printed: string, output: readonly string[]): string[] {
  let rest = printed;
  return output.filter((line) => {
    const found = new RegExp(
      line
        .trim()
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('.*'),
    ).exec(rest);
    if (found === null) return true;
    rest = rest.slice(found.index + found[0].length);
    return false;
  });
}
