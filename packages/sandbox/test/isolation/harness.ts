/** What the isolation tests share: sandboxes in temp folders, a fixture bridge to talk to, and proof that nothing is left. */
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import type { Isolation, Launched, LaunchSpec, Limits, UidPair } from '../../src/isolation/isolation.ts';
import { layoutOf, makeSandboxDir } from '../../src/isolation/layout.ts';

export const isRoot = process.getuid?.() === 0;
export const fixtureBridge = fileURLToPath(new URL('./fixtures/bridge.mjs', import.meta.url));
export const runtimeDir = dirname(
  fileURLToPath(import.meta.resolve('@anthropic-ai/claude-agent-sdk-linux-x64/package.json')),
);

export const limits: Limits = {
  memoryBytes: 256 * 1024 * 1024,
  pids: 64,
  cpus: 2,
  tmpBytes: 1024 * 1024 * 1024,
  fileBytes: 1024 * 1024 * 1024,
  openFiles: 1024,
};

/** Awaits what has no event of its own (a process that isn't ours ends). */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(5);
}

/** Of mode 0700, like all that mkdtemp makes, or open to all with `mode`. */
export async function tempDir(mode?: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-iso-'));
  if (mode !== undefined) await chmod(dir, mode);
  const mounts = mountCount();
  onTestFinished(async () => {
    await rm(dir, { recursive: true, force: true });
    expect(mountCount()).toBe(mounts);
  });
  return dir;
}

const mountCount = () =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => /ash-(stage|iso)/.test(line)).length;

/** Host pids of a kernel uid. */
export function processesOf(uid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        // Without memory it is past its end, though the kernel hasn't taken it off the list.
        const ended = /^State:\s+Z/m.test(status) || !/^VmSize:/m.test(status);
        return new RegExp(`^Uid:\\s+${uid}\\s`, 'm').test(status) && !ended;
      } catch {
        return false;
      }
    })
    .map(Number);
}

let lastUid = 1_000_000_000 + (process.pid % 100_000) * 1024;

/** Uids that no other test has. */
export function freshUids(): UidPair | undefined {
  if (!isRoot) return undefined;
  // The third is the root of a user namespace.
  lastUid += 4;
  return { wall: lastUid, bridge: lastUid + 1 };
}

export interface Sandbox extends LaunchSpec {
  workspace: string;
}

/** A sandbox folder ready to be launched; the test fails when a process or a cgroup of it is left. */
export async function sandboxIn(root: string, change: Partial<LaunchSpec> = {}): Promise<Sandbox> {
  const sandboxId = `t${crypto.randomUUID().slice(0, 12)}`;
  const sandboxDir = join(root, sandboxId);
  const uids = 'uids' in change ? change.uids : freshUids();
  await makeSandboxDir(sandboxDir, uids);
  onTestFinished(() => {
    for (const uid of uids ? [uids.wall, uids.bridge] : []) expect(processesOf(uid)).toEqual([]);
    expect(groupsNamed(sandboxId)).toEqual([]);
  });
  return {
    ...{ sandboxId, sandboxDir, limits, runtimeDir, workspace: layoutOf(sandboxDir).workspace },
    ...(uids ? { uids } : {}),
    bridge: { execPath: process.execPath, args: [fixtureBridge], env: {}, readablePaths: [dirname(fixtureBridge)] },
    ...change,
  };
}

function groupsNamed(sandboxId: string): string[] {
  const found: string[] = [];
  const walk = (dir: string, depth: number) => {
    for (const name of foldersIn(dir)) {
      if (name.includes(sandboxId)) found.push(join(dir, name));
      else if (depth > 0) walk(join(dir, name), depth - 1);
    }
  };
  walk('/sys/fs/cgroup', 4);
  return found;
}

/** Other test files make and remove groups meanwhile. */
function foldersIn(dir: string): string[] {
  try {
    return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch {
    return [];
  }
}

/** Launches, connects to the fixture bridge, and destroys at the end of the test. */
export async function launched(isolation: Isolation, spec: LaunchSpec): Promise<{ record: Launched; bridge: Bridge }> {
  const record = await isolation.launch(spec);
  onTestFinished(() => isolation.destroy(record));
  return { record, bridge: await Bridge.at(spec.sandboxDir) };
}

interface Told {
  from: string;
  text?: string;
  end?: true;
  [more: string]: unknown;
}

/** The test's end of a fixture bridge. */
export class Bridge {
  readonly told: Told[] = [];
  readonly #socket: Socket;
  #wake: (() => void) | undefined;
  ended = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    createInterface({ input: socket })
      .on('line', (line) => {
        this.told.push(JSON.parse(line));
        this.#wake?.();
      })
      // A killed bridge resets the connection; `close` follows.
      .on('error', () => {});
    socket.on('error', () => {});
    socket.on('close', () => {
      this.ended = true;
      this.#wake?.();
    });
  }

  static async at(sandboxDir: string): Promise<Bridge> {
    const path = join(layoutOf(sandboxDir).bridge, 'bridge.sock');
    for (;;) {
      const socket = connect(path);
      const ok = await new Promise<boolean>((resolve) => {
        socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      });
      if (ok) {
        onTestFinished(() => void socket.destroy());
        return new Bridge(socket);
      }
      await delay(10);
    }
  }

  say(request: { do: string; [more: string]: unknown }): void {
    this.#socket.write(`${JSON.stringify(request)}\n`);
  }

  /** Sends the argv that the wall is raised for. */
  run(argv: readonly string[], env: Record<string, string> = { PATH: '/usr/bin:/bin' }): void {
    const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    this.say({ do: 'run', argv: ['/usr/bin/env', '-i', ...words, ...argv] });
  }

  text(from: string): string {
    return this.told.map((told) => (told.from === from ? (told.text ?? '') : '')).join('');
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (!holds()) throw new Error(`The bridge ended before: ${holds} ${JSON.stringify(this.told)}`);
  }

  /** The runtime's whole output and exit code, once it and its channels have ended. */
  async result(): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
    const names = ['stdout', 'stderr', 'status'];
    await this.until(() => names.every((name) => this.told.some((told) => told.from === name && told.end)));
    const exitCode = /"exit-code": ?(\d+)/.exec(this.text('status'))?.[1];
    return {
      exitCode: exitCode === undefined ? undefined : Number(exitCode),
      stdout: this.text('stdout'),
      stderr: this.text('stderr'),
    };
  }

  async told1(from: string): Promise<Told> {
    await this.until(() => this.told.some((told) => told.from === from));
    return this.told.find((told) => told.from === from) as Told;
  }
}

/** Bash inside, as one command of its own. */
export async function inside(isolation: Isolation, spec: LaunchSpec, script: string, more = {}) {
  const result = await isolation.exec({
    ...spec,
    ...{ argv: ['/bin/bash', '-c', script], env: { PATH: '/usr/bin:/bin' }, timeoutMs: 30_000, maxBytes: 1_000_000 },
    ...more,
  });
  return { ...result, out: result.stdout.toString().trim(), err: result.stderr.toString().trim() };
}
