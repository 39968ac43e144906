/** The guide: every page of docs/ as HTML and Markdown, its links, and what it may load. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderMarkdown } from '../../src/http/docs/markdown.ts';
import { fixtureRooms } from './rooms.ts';
import { serve } from './server.ts';

const root = join(import.meta.dirname, '../../../..');
const names = readdirSync(join(root, 'docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => name.slice(0, -3));

test('every page is there without a key, loads nothing, and leads only to what is there', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const pages = new Map<string, string>();
  for (const name of names) {
    const response = await fetch(`${server.url}/docs/guide/${name}`);
    expect(response.status, name).toBe(200);
    const page = await response.text();
    pages.set(`/docs/guide${name === 'README' ? '' : `/${name}`}`, page);
    const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
    const hash = createHash('sha256').update(style).digest('base64');
    expect(response.headers.get('content-security-policy')).toContain(`style-src 'sha256-${hash}'`);
    expect(page, name).not.toMatch(/<script|<img|<iframe|@import|url\(|<!--|(?:href|src)="https?:|style="/);
    expect(page.match(/<h1>/g), name).toHaveLength(1);
  }
  const broken: string[] = [];
  for (const [from, page] of pages) {
    for (const [, target = ''] of page.matchAll(/href="(\/[^"]*|#[^"]*)"/g)) {
      const [path = '', anchor] = target.split('#');
      const other = path === '' ? page : pages.get(path);
      const known = other !== undefined || (await fetch(`${server.url}${path}`)).ok;
      if (!known || (anchor !== undefined && !other?.includes(`id="${anchor}"`))) broken.push(`${from} → ${target}`);
    }
  }
  expect(broken).toEqual([]);
});

test('pages, the skill and the index for assistants are there as text', async () => {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    return { type: response.headers.get('content-type'), status: response.status, text: await response.text() };
  };
  const page = await get('/docs/guide/quickstart.md');
  expect(page).toMatchObject({ status: 200, type: 'text/markdown; charset=utf-8' });
  expect(page.text).toBe(readFileSync(join(root, 'docs/quickstart.md'), 'utf8'));
  const index = await get('/llms.txt');
  expect(index).toMatchObject({ status: 200, type: 'text/plain; charset=utf-8' });
  const links = [...index.text.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => String(target));
  expect(links.length).toBeGreaterThan(20);
  for (const link of links) expect((await get(link)).status, link).toBe(200);
  expect((await get('/docs/guide/skills/ash/references/streaming.md')).text).toContain('# Streaming');
  for (const path of [
    '/docs/guide/nothing',
    '/docs/guide/..%2f..%2fpackage.json',
    '/docs/guide/skills/..%2f..%2fpackage.json',
  ]) {
    expect((await get(path)).status, path).toBe(404);
  }
});

test('what Markdown holds of HTML is text, and links outside are none', () => {
  const page = renderMarkdown(
    '# A `b`\n\n<script>alert(1)</script> <b>x</b>\n\n[o](https://example.com) [p](limits.md#a)\n\n## Two\n\n## Two',
  );
  expect(page).not.toMatch(/<script|<b>|example/);
  expect(page).toContain('<a href="/docs/guide/limits#a">p</a>');
  expect(page).toContain('<h2 id="two-1">');
});
