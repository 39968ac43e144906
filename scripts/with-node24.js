/** Runs a TypeScript program of the checkout from its source, on Node 24: `node scripts/with-node24.js <file> [arguments]`. */
import { environment, main, needPackages, run } from './machine.js';

await main(async () => {
  const { node, env } = await environment();
  await needPackages(env);
  return await run(node, ['--conditions=@ash-ai/source', ...process.argv.slice(2)], { env });
});
