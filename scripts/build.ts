/** Builds all packages: types and modules by the TypeScript compiler, the bridge and the command line as one file each. */
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';

const tsc = spawnSync(
  'npx',
  ['--no-install', 'tsc', '-b', 'packages/cli', 'packages/bridge', 'packages/scripted-model', 'packages/mcp-server'],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

/** One file each: the start of a bridge is part of a session's first token, that of the command of every call. */
await bundle('packages/bridge/dist/main.js', 'packages/bridge/dist/main.mjs', ['@anthropic-ai/claude-agent-sdk']);

/** An installed server has no checkout around it: the guide that it serves goes with it. */
rmSync('packages/server/dist/guide', { recursive: true, force: true });
for (const path of ['docs', 'skills/ash', 'llms.txt']) {
  cpSync(path, `packages/server/dist/guide/${path}`, { recursive: true });
}

async function bundle(input: string, file: string, external: string[]): Promise<void> {
  await using bundled = await rolldown({ input, external, platform: 'node', logLevel: 'warn' });
  await bundled.write({ file, format: 'esm', minify: false, codeSplitting: false });
}
