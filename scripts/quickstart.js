/** `npm run quickstart`: installs what is missing, then shows Ash's main job. `-- --once` ends by itself. */
import { environment, main, needPackages, needSystem, root, run, say } from './machine.js';

await main(async () => {
  say('Ash quickstart: a server, an agent, a conversation, all on this machine.');
  await needSystem({ '/usr/bin/bwrap': 'bubblewrap' });
  const { node, env } = await environment();
  await needPackages(env);
  say('building …');
  if ((await run(node, ['scripts/build.ts'], { env, cwd: root })) !== 0) throw new Error('the build failed');
  return await run(node, ['scripts/quickstart-tour.ts', ...process.argv.slice(2)], { env });
});
