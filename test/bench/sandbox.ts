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
import {
  type Isolation,
  IsolationError,
  type Launched,
  type LaunchSpec,
  type Limits,
} from '../../packages/sandbox/src/isolation/isolation.ts';
import { layoutOf, makeSandboxDir } from '../../packages/sandbox/src/isolation/layout.ts';
import { createOciIsolation } from '../../packages/sandbox/src/isolation/oci.ts';
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

  static async start(make: (options: { stateDir: string }) => Promise<Isolation>): Promise<Bench> {
    const dir = await mkdtemp(join(tmpdir(), 'ash-bench-walls-'));
    return new Bench(await make({ stateDir: dir }), dir);
  }

  async spec(): Promise<LaunchSpec> {
    const sandboxId = `bench-${process.pid}-${this.#made}`;
    const first = 1_500_000_000 + 4 * this.#made;
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

/** What is there of a wall besides its launcher. */
const innerProcess = { wall: '/usr/bin/bwrap --args', oci: 'use strict; use Fcntl;' } as const;

/** Walls of bubblewrap, and the disks in them. */
export async function walls(): Promise<Record<string, Figures>> {
  await using bench = await Bench.start(createBubblewrapIsolation);
  return { ...(await wallsOf(bench, 'wall')), ...(await disks(bench.dir)) };
}

/** The same by an OCI runtime. */
export async function ociWalls(): Promise<Record<string, Figures>> {
  const bench = await Bench.start(createOciIsolation).catch((cause: unknown) => {
    if (!(cause instanceof IsolationError)) throw cause;
    console.warn(`walls by oci: not measured. ${cause.message}`);
    return undefined;
  });
  if (bench === undefined) return {};
  await using _bench = bench;
  return await wallsOf(bench, 'oci');
}

/** Launch, memory and end of walls; `many` are started together at last. */
async function wallsOf(bench: Bench, title: keyof typeof innerProcess, many = 60): Promise<Record<string, Figures>> {
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
    memory.push(pssMb(wall.pid) + Math.max(0, ...[...processesWith(innerProcess[title]).keys()].map(pssMb)));
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
    [`${title}: a command \`true\``]: figuresOf(trues, 'ms'),
    [`${title}: launched, bridge up, first output from inside`]: figuresOf(raised, 'ms'),
    [`${title}: destroyed, double forks included`]: figuresOf(ended, 'ms'),
    [`${title}: memory of its launcher and first process`]: figuresOf(memory, 'MB'),
    [`${title}: ${many} launched, each`]: figuresOf([all / many], 'ms'),
    [`${title}: ${many} destroyed, all`]: figuresOf([allEnded], 'ms'),
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
