/** What walls cost: to raise and to take down, in memory, for one and for sixty. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { makeImage, mountImage, unmount, whyNoImages } from '../../packages/sandbox/src/disk/image.ts';
import { createBubblewrapIsolation } from '../../packages/sandbox/src/isolation/bubblewrap.ts';
import type { Isolation, Launched, LaunchSpec, Limits } from '../../packages/sandbox/src/isolation/isolation.ts';
import { layoutOf, makeSandboxDir } from '../../packages/sandbox/src/isolation/layout.ts';
import { Slots } from '../../packages/sandbox/src/slots.ts';
import { processesWith, pssMb } from './machine.ts';
import { type Figures, figuresOf, repeat, timed } from './measure.ts';

const bridgeProgram = fileURLToPath(
  new URL('../../packages/sandbox/test/isolation/fixtures/bridge.mjs', import.meta.url),
);
const mib = 1024 * 1024;
const limits: Limits = {
  memoryBytes: 512 * mib,
  pids: 128,
  cpus: 1,
  tmpBytes: 64 * mib,
  fileBytes: 512 * mib,
  openFiles: 1024,
};
/** Something that does not want to go: a double fork, a session of its own, signals ignored. */
const stubborn = '(setsid bash -c "setsid sleep 1000 & sleep 1000" &); trap "" TERM INT HUP; echo up; sleep 1000';

/** Sandboxes in a temporary folder, each with uids of its own where this process may give them. */
class Bench implements AsyncDisposable {
  readonly isolation: Isolation;
  readonly dir: string;
  #made = 0;

  private constructor(isolation: Isolation, dir: string) {
    this.isolation = isolation;
    this.dir = dir;
  }

  static async start(): Promise<Bench> {
    const dir = await mkdtemp(join(tmpdir(), 'ash-bench-walls-'));
    return new Bench(await createBubblewrapIsolation({ stateDir: dir }), dir);
  }

  async spec(): Promise<LaunchSpec> {
    const sandboxId = `bench-${process.pid}-${this.#made}`;
    const first = 400_000 + 2 * this.#made;
    this.#made += 1;
    const uids = this.isolation.capabilities().privateUids ? { wall: first, bridge: first + 1 } : undefined;
    const sandboxDir = join(this.dir, sandboxId);
    await makeSandboxDir(sandboxDir, uids);
    return {
      ...{ sandboxId, sandboxDir, limits, runtimeDir: '/usr/lib', ...(uids === undefined ? {} : { uids }) },
      bridge: {
        execPath: process.execPath,
        args: [bridgeProgram],
        env: {},
        readablePaths: [dirname(bridgeProgram)],
      },
    };
  }

  /** Launches a pair and has something run inside; resolves when that has spoken. */
  async raise(spec: LaunchSpec): Promise<Launched> {
    const record = await this.isolation.launch(spec);
    const socket = await connected(join(layoutOf(spec.sandboxDir).bridge, 'bridge.sock'));
    socket.write(`${JSON.stringify({ do: 'run', argv: ['/bin/bash', '-c', stubborn] })}\n`);
    let said = '';
    while (!said.includes('"up')) said += String((await once(socket, 'data'))[0]);
    socket.destroy();
    return record;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}

async function connected(path: string) {
  for (;;) {
    const socket = connect(path);
    const event = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    if (event) return socket;
    await delay(5);
  }
}

/** Launch, memory and end of walls; `many` are started together at last. */
export async function walls(many = 60): Promise<Record<string, Figures>> {
  await using bench = await Bench.start();
  const { isolation } = bench;
  const one = await bench.spec();
  const command = { argv: ['/usr/bin/true'], env: {}, timeoutMs: 10_000, maxBytes: 1000 };
  const trues = await repeat(30, () => timed(() => isolation.exec({ ...one, ...command })));
  const raised: number[] = [];
  const ended: number[] = [];
  const memory: number[] = [];
  for (let index = 0; index < 20; index += 1) {
    const spec = await bench.spec();
    let record: Launched | undefined;
    raised.push(
      await timed(async () => {
        record = await bench.raise(spec);
      }),
    );
    if (record === undefined) continue;
    const { wall } = record;
    memory.push(pssMb(wall.pid) + Math.max(0, ...[...processesWith('/usr/bin/bwrap --args').keys()].map(pssMb)));
    ended.push(await timed(() => isolation.destroy(record as Launched)));
  }
  const slots = new Slots(availableParallelism() * 4);
  const specs = await Promise.all(Array.from({ length: many }, () => bench.spec()));
  const records: Launched[] = [];
  const all = await timed(() =>
    Promise.all(specs.map((spec) => slots.use(async () => void records.push(await bench.raise(spec))))),
  );
  const allEnded = await timed(() => Promise.all(records.map((record) => isolation.destroy(record))));
  return {
    'wall: a command `true`': figuresOf(trues, 'ms'),
    'wall: launched, bridge up, first output from inside': figuresOf(raised, 'ms'),
    'wall: destroyed, double forks included': figuresOf(ended, 'ms'),
    'wall: memory of its launcher and bubblewrap': figuresOf(memory, 'MB'),
    [`wall: ${many} launched, each`]: figuresOf([all / many], 'ms'),
    [`wall: ${many} destroyed, all`]: figuresOf([allEnded], 'ms'),
    ...(await disks(bench.dir)),
  };
}

/** A disk of 4 GB and half a million inodes. */
async function disks(dir: string): Promise<Record<string, Figures>> {
  if ((await whyNoImages(dir)) !== undefined) return {};
  const image = join(dir, 'disk.img');
  const place = join(dir, 'disk');
  await makeSandboxDir(dir, undefined);
  const made = await repeat(10, () => timed(() => makeImage(image, { diskMb: 4096, inodes: 500_000 })));
  const mounted: number[] = [];
  const unmounted: number[] = [];
  await repeat(10, async () => {
    mounted.push(await timed(() => mountImage(image, place)));
    unmounted.push(await timed(() => unmount(place)));
  });
  return {
    'disk: made': figuresOf(made, 'ms'),
    'disk: mounted': figuresOf(mounted, 'ms'),
    'disk: unmounted': figuresOf(unmounted, 'ms'),
  };
}
