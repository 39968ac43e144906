/** The server program of the benchmarks: says where it listens as one line of JSON. */
import { runServer } from '@ash-ai/server';

process.exitCode = await runServer(process.env, { onReady: (ready) => console.log(JSON.stringify(ready)) });
