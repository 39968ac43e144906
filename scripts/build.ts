/** Builds all packages: types and modules by the TypeScript compiler, the bridge as one file, server and command line as a few. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const tsc = spawnSync(
  'npx',
  ['--no-install', 'tsc', '-b', 'packages/cli', 'packages/bridge', 'packages/scripted-model', 'packages/mcp-server'],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

/** The start of a bridge is part of a session's first token, that of the command part of every call. */
await bundle('packages/bridge/dist/main.js', 'packages/bridge/dist/main.mjs', ['@anthropic-ai/claude-agent-sdk']);
await bundleServer('packages/server/dist');
await bundleInParts('packages/cli/dist/main.js', 'packages/cli/dist', 'ash', [
  '@ash-ai/server',
  '@ash-ai/scripted-model',
]);

/** `ash upgrade` tells what has changed. */
cpSync('CHANGELOG.md', 'packages/cli/dist/CHANGELOG.md');

/** An installed server has no checkout around it: the guide that it serves goes with it. */
rmSync('packages/server/dist/guide', { recursive: true, force: true });
for (const path of ['docs', 'skills/ash', 'llms.txt']) {
  cpSync(path, `packages/server/dist/guide/${path}`, { recursive: true });
}

async function bundle(input: string, file: string, external: string[]): Promise<void> {
  await using bundled = await rolldown({ input, external, platform: 'node', logLevel: 'warn' });
  await bundled.write({ file, format: 'esm', minify: false, codeSplitting: false });
}

/**
 * The server with all that it always needs: of 440 ms of processor time that loading its 900 modules takes, 150 are left,
 * and 20 of 105 MB go. Names of functions stay, for traces.
 */
async function bundleServer(dir: string): Promise<void> {
  for (const file of readdirSync(dir)) if (/\.mjs$|^worker\.js$|^licenses\.txt$/.test(file)) rmSync(join(dir, file));
  await using bundled = await rolldown({
    input: { index: join(dir, 'index.js'), worker: 'packages/sandbox/dist/snapshot/worker.js' },
    external: ['@ash-ai/bridge/main', 'pg', 'marked'],
    platform: 'node',
    logLevel: 'warn',
  });
  const { output } = await bundled.write({
    dir,
    format: 'esm',
    minify: { compress: true, mangle: false, codegen: true },
    // The sandbox room starts its worker by this name, beside the file that it is in.
    entryFileNames: ({ name }) => (name === 'worker' ? 'worker.js' : `${name}.mjs`),
    chunkFileNames: 'part-[name]-[hash].mjs',
  });
  const modules = output.flatMap((chunk) => ('moduleIds' in chunk ? chunk.moduleIds : []));
  writeFileSync(join(dir, 'licenses.txt'), licensesOf(modules));
}

/** The licences of what is bundled and not ours. */
function licensesOf(modules: readonly string[]): string {
  const found = modules.flatMap(
    (id) => /^(.*node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(id)?.slice(1, 3).join('\n') ?? [],
  );
  const texts = [...new Set(found)].sort().map((entry) => {
    const [folder = '', name = ''] = entry.split('\n');
    const file = readdirSync(folder).find((candidate) => /^licen[cs]e/i.test(candidate));
    const { license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { license?: string };
    return `${name} (${license ?? 'see below'})\n\n${file === undefined ? '' : readFileSync(join(folder, file), 'utf8').trim()}\n`;
  });
  return texts.join('\n--------\n\n');
}

/** As {@link bundle}, but what is imported when it is needed stays in a file of its own: `<name>.mjs` and `<name>-*.mjs`. */
async function bundleInParts(input: string, dir: string, name: string, external: string[]): Promise<void> {
  for (const file of readdirSync(dir)) {
    if (file === `${name}.mjs` || (file.startsWith(`${name}-`) && file.endsWith('.mjs'))) rmSync(join(dir, file));
  }
  await using bundled = await rolldown({ input, external, platform: 'node', logLevel: 'warn' });
  await bundled.write({
    dir,
    format: 'esm',
    minify: false,
    entryFileNames: `${name}.mjs`,
    chunkFileNames: `${name}-[name]-[hash].mjs`,
  });
}
