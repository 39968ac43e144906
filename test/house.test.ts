/** The rules of the house that no linter knows: which package may import which, and what a file must begin with. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The arrows: what a package's sources may import of ours. */
const arrows: Record<string, readonly string[]> = {
  shared: [],
  'scripted-model': [],
  bridge: ['shared'],
  sandbox: ['shared'],
  sdk: ['shared'],
  server: ['shared', 'sandbox', 'bridge'],
  cli: ['shared', 'sdk', 'server', 'scripted-model'],
  'mcp-server': ['shared', 'sdk'],
};
/** Packages that also run in browsers. */
const browserPackages = ['shared', 'sdk'];
/** Words that name nothing (house.md, "Not used"). */
const emptyNames = /^(.*-)?(manager|helpers?|utils?|lib|misc|processor|service|handler|info|data)$/;

interface Source {
  pkg: string;
  path: string;
  text: string;
}

const packages = Object.keys(arrows);
const sources: Source[] = packages.flatMap((pkg) =>
  filesBelow(join(root, 'packages', pkg, 'src'))
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ pkg, path: relative(root, path), text: readFileSync(path, 'utf8') })),
);

describe('house', () => {
  it('sees the imports that it judges', () => {
    expect(importsOf('server').filter(({ to }) => to === '@ash-ai/sandbox').length).toBeGreaterThan(0);
    expect(importsOf('cli').filter(({ to }) => to.startsWith('./')).length).toBeGreaterThan(10);
  });

  it('has an arrow for every package', () => {
    const found = readdirSync(join(root, 'packages')).filter((name) => name !== 'sdk-python');
    expect(found.sort()).toEqual([...packages].sort());
  });

  it.each(packages)('%s imports only along its arrows', (pkg) => {
    const allowed = new Set(arrows[pkg]);
    const wrong = importsOf(pkg).filter(({ to }) => to.startsWith('@ash-ai/') && !allowed.has(packageOf(to)));
    expect(wrong).toEqual([]);
  });

  it.each(packages)('%s stays within its own folder and depends on what it imports', (pkg) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', pkg, 'package.json'), 'utf8'));
    const depends = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
    const wrong = importsOf(pkg).filter(({ from, to }) => {
      if (to.startsWith('node:')) return false;
      if (to.startsWith('.'))
        return relative(join(root, 'packages', pkg), join(root, dirname(from), to)).startsWith('..');
      return !depends.has(to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? ''));
    });
    expect(wrong).toEqual([]);
  });

  it.each(browserPackages)('%s imports no Node built-in', (pkg) => {
    expect(importsOf(pkg).filter(({ to }) => to.startsWith('node:'))).toEqual([]);
  });

  it('lets the command line reach the server only when it is needed', () => {
    const eager = sources.filter(
      ({ pkg, text }) => pkg === 'cli' && /^import (?!type)[^;]*from '@ash-ai\/server'/m.test(text),
    );
    expect(eager.map(({ path }) => path)).toEqual([]);
  });

  it('knows SQL only in the store, Fastify only in http, the Agent SDK only in one file', () => {
    const homes: [string, RegExp][] = [
      ['kysely', /^packages\/server\/src\/store\//],
      ['pg', /^packages\/server\/src\/store\//],
      ['node:sqlite', /^packages\/server\/src\/store\//],
      ['fastify', /^packages\/server\/src\/http\//],
      ['@anthropic-ai/claude-agent-sdk', /^packages\/bridge\/src\/agent-sdk/],
    ];
    const all = packages.flatMap(importsOf);
    const strangers = homes.flatMap(([library, home]) =>
      all.filter(({ from, to }) => (to === library || to.startsWith(`${library}/`)) && !home.test(from)),
    );
    expect(strangers).toEqual([]);
  });

  it('begins every file with a sentence that says what it is', () => {
    const without = sources.filter(
      ({ path, text }) => !path.endsWith('index.ts') && !/^(#!.*\n)?\/(\*\*|\/ )/.test(text),
    );
    expect(without.map(({ path }) => path)).toEqual([]);
  });

  it('uses no name that says nothing', () => {
    const empty = sources.filter(({ path }) =>
      path
        .split('/')
        .slice(3)
        .some((part) => emptyNames.test(part.replace(/\.ts$/, ''))),
    );
    expect(empty.map(({ path }) => path)).toEqual([]);
  });

  it('keeps files small: the median below 100 lines, none above 420', () => {
    const lines = sources.map(({ text }) => text.split('\n').length).sort((a, b) => a - b);
    expect(lines[Math.floor(lines.length / 2)]).toBeLessThan(100);
    const large = sources.filter(({ text }) => text.split('\n').length > 420);
    expect(large.map(({ path }) => path)).toEqual([]);
  });
});

function importsOf(pkg: string): { from: string; to: string }[] {
  return sources
    .filter((source) => source.pkg === pkg)
    .flatMap(({ path, text }) =>
      [
        ...text.matchAll(/^(?:import|export)\b[^'"`;]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|^import\s+'([^']+)'/gm),
      ].map((match) => ({ from: path, to: match[1] ?? match[2] ?? match[3] ?? '' })),
    );
}

function packageOf(specifier: string): string {
  return specifier.split('/')[1] ?? '';
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
