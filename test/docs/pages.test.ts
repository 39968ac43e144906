/** What the documentation says of the code: made pages are fresh, every error code is told of, and none that is gone; links lead somewhere. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errorTable } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { generatedFiles } from '../../scripts/docs/generated-files.ts';
import { pagesOf } from './extract-samples.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** Words of the form of a code that are none. */
const otherWords = new Set(['media_type']);
const pages = [...pagesOf(root).map(({ path }) => path), 'llms.txt'];

test('pages that are made from the code are fresh; "npm run docs" makes them anew', async () => {
  const stale = Object.entries(await generatedFiles(root)).filter(
    ([path, text]) => !existsSync(join(root, path)) || read(path) !== text,
  );
  expect(stale.map(([path]) => path)).toEqual([]);
});

test('every error code has its place in the documentation, and none is told of that is gone', () => {
  const told = new Set([...read('docs/errors.md').matchAll(/^## (\w+)$/gm)].map(([, code]) => code));
  expect([...told].sort()).toEqual(Object.keys(errorTable).sort());
  // Codes have a form that little else has: words joined by "_", in back-ticks, that end like one of the table's.
  const endings = new Set(Object.keys(errorTable).map((code) => code.split('_').slice(-2).join('_')));
  const gone = pages.flatMap((path) =>
    [...read(path).matchAll(/`([a-z]+(?:_[a-z]+)+)`/g)]
      .map(([, word = '']) => word)
      .filter(
        (word) =>
          endings.has(word.split('_').slice(-2).join('_')) && !Object.hasOwn(errorTable, word) && !otherWords.has(word),
      )
      .map((word) => `${path}: ${word}`),
  );
  expect(gone).toEqual([]);
  // The table of codes that programs meet, and whatever else names codes in its first column.
  for (const path of ['skills/ash/references/error-handling.md', 'docs/troubleshooting.md']) {
    const codes = [...read(path).matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, cell = '']) =>
      [...cell.matchAll(/`(\w+)`/g)].map(([, code]) => String(code)),
    );
    expect(codes.length).toBeGreaterThan(4);
    expect(codes.filter((code) => !Object.hasOwn(errorTable, code))).toEqual([]);
  }
});

test('every link of a page leads to a file, and to a heading in it', () => {
  const broken = pages.flatMap((path) =>
    [
      ...read(path)
        .replace(/^```[\s\S]*?^```/gm, '')
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].flatMap(([, target = '']) => {
      if (/^[a-z]+:/.test(target)) return [];
      const [file = '', anchor] = target.split('#');
      const full = file === '' ? path : join(dirname(path), file);
      if (!existsSync(join(root, full))) return [`${path} → ${target}`];
      return anchor === undefined || slugsOf(read(full)).has(anchor) ? [] : [`${path} → ${target}`];
    }),
  );
  expect(broken).toEqual([]);
});

test('every page of docs/ is in the index, and llms.txt has them all', () => {
  const index = read('docs/README.md');
  const own = pages.filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
  expect(own.filter((path) => !index.includes(`(${path.slice(5)})`))).toEqual([]);
  expect(own.filter((path) => !read('llms.txt').includes(`(${path})`))).toEqual([]);
});

test('the skill has the front matter of skills, and leads to each of its files', () => {
  const skill = read('skills/ash/SKILL.md');
  const front = /^---\n([\s\S]*?)\n---\n/.exec(skill)?.[1] ?? '';
  expect(front).toMatch(/^name: ash$/m);
  expect(front).toMatch(/^description: \|\n {2}\w/m);
  expect(front.match(/^ {2}- .+$/gm)?.length).toBeGreaterThan(5);
  for (const path of pages.filter((one) => one.startsWith('skills/ash/references/'))) {
    expect(skill).toContain(path.replace('skills/ash/', ''));
  }
});

test('pages name no folder of one machine, and no internal documents', () => {
  const said = pages.filter((path) => /\/work\/|\/tmp\/n24|\bseeds?\/|\(upstream|upstream:/i.test(read(path)));
  expect(said).toEqual([]);
});

/** The anchors of a page, as code hosts make them. */
function slugsOf(page: string): Set<string> {
  return new Set(
    [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-'),
    ),
  );
}
