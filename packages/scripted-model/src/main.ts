// The command line of the scripted model: prints its URL and serves until it is told to stop.
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { startScriptedModel } from './start.ts';

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: '127.0.0.1' },
    port: { type: 'string', default: '0' },
    socket: { type: 'string' },
    'delta-delay-ms': { type: 'string', default: '15' },
  },
});

await using model = await startScriptedModel({
  host: values.host,
  port: Number(values.port),
  deltaDelayMs: Number(values['delta-delay-ms']),
  ...(values.socket === undefined ? {} : { socketPath: values.socket }),
});
console.log(model.url);
await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
