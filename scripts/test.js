/**
 * `npm test`: everything that must hold before a change lands. Installs what is missing and says what it does.
 *   --check-only        only the static checks
 *   anything else       passed to vitest: a path runs the tests below it
 */
import { environment, main, needPackages, needSystem, run, say } from './machine.js';

const systemPackages = {
  '/usr/bin/bwrap': 'bubblewrap',
  '/usr/sbin/runc': 'runc',
  '/usr/bin/crun': 'crun',
  '/usr/lib/postgresql/*/bin/postgres': 'postgresql',
  '/usr/bin/chromium': 'chromium',
  '/usr/bin/tmux': 'tmux',
};

await main(async () => {
  const args = process.argv.slice(2);
  const checkOnly = args.includes('--check-only');
  const selected = args.filter((arg) => arg !== '--check-only');
  if (!checkOnly) await needSystem(systemPackages);
  const { node, env } = await environment();
  await needPackages(env);
  const npx = (...command) => run('npx', ['--no-install', ...command], { env });
  if (selected.length === 0) {
    const checks = [
      ['format and lint', () => npx('biome', 'check', '--error-on-warnings', '.')],
      [
        'types',
        () => npx('tsc', '-b', 'packages/cli', 'packages/bridge', 'packages/scripted-model', 'packages/mcp-server'),
      ],
      ['types of the tests', () => npx('tsc', '-p', 'tsconfig.test.json')],
      ['types of the chat page', () => npx('tsc', '-p', 'examples/chat-page/page')],
      ['unused code', () => npx('knip', '--no-progress', '--no-config-hints')],
      ['build', () => run(node, ['scripts/build.ts'], { env })],
    ];
    for (const [name, check] of checks) {
      say(name);
      if ((await check()) !== 0) throw new Error(`${name}: see above`);
    }
    if (checkOnly) return 0;
    // Tests of the packages need not build again.
    env.ASH_BUILT = '1';
  }
  say('tests');
  const failed = await npx('vitest', 'run', '--reporter=default', '--reporter=./scripts/closing-line.ts', ...selected);
  if (selected.length > 0) return failed;
  say('Python SDK');
  return (await run('python3', ['packages/sdk-python/scripts/test.py'], { env: { ...env, ASH_NODE: node } })) || failed;
});
