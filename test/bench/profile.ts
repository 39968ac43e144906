/**
 * Where the time goes: `npm run bench:profile -- <work> [n]` with the work `warm`, `previews`, `readers`,
 * `session` or `health`. Prints the processor time of every process that takes part, and by function what server and
 * bridge did; the profiles are in bench-results/ for the developer tools of a browser.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { script, startScriptedModel } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { processesWith } from './machine.ts';
import { Readers } from './many-readers.ts';
import { turn } from './turn.ts';

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number }; hitCount: number }[];
  startTime: number;
  endTime: number;
  samples: number[];
  timeDeltas: number[];
}

const here = (name: string): string => new URL(`./${name}`, import.meta.url).pathname;
const [work = 'warm', count] = process.argv.slice(2);
const resultsDir = join(process.cwd(), 'bench-results');
mkdirSync(resultsDir, { recursive: true });
const serverProfile = join(resultsDir, `${work}-server.cpuprofile`);
rmSync(serverProfile, { force: true });

await using model = await startScriptedModel({});
await using server = await AshServer.start(model.url, {
  NODE_OPTIONS: `--conditions=@ash-ai/source --import ${here('profiled.ts')}`,
  PROFILE_TO: serverProfile,
  ASH_BRIDGE_ENTRY: here('profiled-bridge.ts'),
});
await server.deploy('bench');
const { id } = await server.client.createSession('bench');
for (let index = 0; index < 5; index += 1) await turn(server, id, performance.now());
const folder = join(server.dataDir, 'sandboxes', id);
const { bridge } = JSON.parse(readFileSync(join(folder, 'sandbox.json'), 'utf8')) as { bridge: { pid: number } };
const runtime = [...processesWith('/claude ')].find(([, line]) => line.includes(id) && !line.includes('bwrap'))?.[0];
const processes: Record<string, number> = {
  server: server.pid,
  bridge: bridge.pid,
  runtime: runtime ?? 0,
  'client and model': process.pid,
};

const works: Record<string, () => Promise<number>> = {
  warm: async () => {
    const n = Number(count ?? 100);
    for (let index = 0; index < n; index += 1) await turn(server, id, performance.now());
    return n;
  },
  previews: async () => {
    const n = Number(count ?? 12_000);
    const long = script({ text: 'word ', repeat: n, deltas: n });
    for await (const _ of server.client.sendMessageStream(id, long, { includePartialMessages: true }));
    return n / 1000;
  },
  readers: async () => {
    const readers = await Readers.open(server, Number(count ?? 1000), [id]);
    const long = script({ text: 'word ', repeat: 200, deltas: 200 });
    for await (const _ of server.client.sendMessageStream(id, long, { includePartialMessages: true }));
    await delay(1000);
    console.log(await readers.lags());
    return 1;
  },
  session: () => gets(`/api/sessions/${id}`),
  health: () => gets('/health'),
};

async function gets(path: string): Promise<number> {
  const args = [here('load.ts'), `${server.url}${path}`, `Bearer ${server.apiKey}`, '32'];
  const load = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const { perSecond } = JSON.parse(await text(load.stdout)) as { perSecond: number };
  return (perSecond * 2) / 1000;
}

const run = works[work];
if (run === undefined) throw new Error(`no work is called ${work}: ${Object.keys(works).join(', ')}`);
const bridgeProfile = join(folder, 'bridge', 'profile.json');
for (const pid of [server.pid, bridge.pid]) process.kill(pid, 'SIGUSR2');
await delay(300);
const before = cpuMs();
const from = performance.now();
const units = await run();
const wallMs = performance.now() - from;
const after = cpuMs();
for (const pid of [server.pid, bridge.pid]) process.kill(pid, 'SIGUSR2');
const per = units === 1 ? '' : work === 'warm' ? ' a turn' : ' a thousand';
console.log(`${work}: ${(wallMs / units).toFixed(2)} ms${per} by the clock`);
for (const name of Object.keys(processes)) {
  const ms = ((after[name] ?? 0) - (before[name] ?? 0)) / units;
  console.log(`  ${name.padEnd(18)} ${ms.toFixed(2).padStart(9)} ms of processor time${per}`);
}
await show('server', serverProfile);
await show('bridge', bridgeProfile);
await server.client.endSession(id);

/** Processor time of all threads so far, in ms. */
function cpuMs(): Record<string, number> {
  return Object.fromEntries(
    Object.entries(processes).map(([name, pid]) => {
      const tasks = readdirSync(`/proc/${pid}/task`);
      const ns = tasks.map((task) => Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]));
      return [name, ns.reduce((sum, each) => sum + each, 0) / 1e6];
    }),
  );
}

async function show(name: string, path: string): Promise<void> {
  for (let tries = 0; !existsSync(path); tries += 1) {
    if (tries > 100) throw new Error(`no profile of the ${name}`);
    await delay(100);
  }
  const profile = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const self = new Map<number, number>();
  for (const [index, node] of profile.samples.entries())
    self.set(node, (self.get(node) ?? 0) + (profile.timeDeltas[index] ?? 0) / 1000);
  const byFunction = new Map<string, number>();
  for (const { id: node, callFrame } of profile.nodes) {
    const { functionName, url, lineNumber } = callFrame;
    if (functionName === '(idle)') continue;
    const file = url.split(/node_modules\/|packages\//).at(-1) ?? '';
    const key = `${functionName || '(anonymous)'} ${file}${file === '' ? '' : `:${lineNumber + 1}`}`;
    byFunction.set(key, (byFunction.get(key) ?? 0) + (self.get(node) ?? 0));
  }
  const all = [...byFunction.values()].reduce((sum, ms) => sum + ms, 0);
  console.log(`\n${name}: ${(all / units).toFixed(2)} ms${per} not idle`);
  for (const [key, ms] of [...byFunction].sort((a, b) => b[1] - a[1]).slice(0, Number(process.env.TOP ?? 40)))
    console.log(`${(ms / units).toFixed(3).padStart(9)}  ${key}`);
}
