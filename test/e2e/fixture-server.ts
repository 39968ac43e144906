/** A server as a process of its own, so that tests can kill it: says where it answers in one line on stdout. */
import { runServer } from '@ash-ai/server';

process.exitCode = await runServer(process.env, {
  onReady: ({ url }) => console.log(JSON.stringify({ readyAt: url })),
});
