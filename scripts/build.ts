/** Builds all packages: types and modules by the TypeScript compiler, the bridge as one file, the command line as a few. */
import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
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
