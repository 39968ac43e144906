/** Builds all packages: types and modules by the TypeScript compiler, the bridge and the command line as one file each. */
import { spawnSync } from 'node:child_process';
import { rolldown } from 'rolldown';

const tsc = spawnSync(
  'npx',
  ['--no-install', 'tsc', '-b', 'packages/cli', 'packages/bridge', 'packages/scripted-model'],
  {
    stdio: 'inherit',
  },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

/** One file each: the start of a bridge is part of a session's first token, that of the command of every call. */
await bundle('packages/bridge/dist/main.js', 'packages/bridge/dist/main.mjs', ['@anthropic-ai/claude-agent-sdk']);

async function bundle(input: string, file: string, external: string[]): Promise<void> {
  await using bundled = await rolldown({ input, external, platform: 'node', logLevel: 'warn' });
  await bundled.write({ file, format: 'esm', minify: false, codeSplitting: false });
}
