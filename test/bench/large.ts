/** A large agent, 5,000 files of 200 MB in all: what making and forking its sessions costs, beside copies by `cp` and `tar`. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { script } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { figuresOf, type Results, repeat, timed } from './measure.ts';
import { turn } from './turn.ts';

const run = promisify(execFile);
const files = 5000;
const fileBytes = 40_000;
const rounds = 5;

export async function large(modelUrl: string): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-bench-large-'));
  try {
    const agent = join(folder, 'agent');
    await makeAgent(agent);
    const copy = (name: string, command: string) => async (): Promise<number> => {
      const target = join(folder, name);
      await mkdir(target);
      const ms = await timed(async () => void (await run('sh', ['-c', command, 'sh', agent, target])));
      await rm(target, { recursive: true });
      return ms;
    };
    const byCp = await repeat(rounds, copy('cp', 'cp -a "$1/." "$2"'));
    const byTar = await repeat(rounds, copy('tar', 'tar -C "$1" -cf - . | tar -C "$2" -xf -'));
    await using server = await AshServer.start(modelUrl, { ASH_RATE_LIMIT: 'off' });
    await server.client.deployAgent('large', agent);
    const creates: number[] = [];
    const firsts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      const session = await server.client.createSession('large');
      creates.push(performance.now() - start);
      firsts.push((await turn(server, session.id, start)).whole);
      await server.client.endSession(session.id);
    }
    const { awake, asleep } = await forks(server);
    return {
      'large agent (200 MB, 5,000 files): POST session': figuresOf(creates, 'ms'),
      'large agent: create → whole first turn': figuresOf(firsts, 'ms'),
      'large workspace: fork, parent awake': figuresOf(awake, 'ms'),
      'large workspace: fork, parent asleep': figuresOf(asleep, 'ms'),
      '  cp -a alone': figuresOf(byCp, 'ms'),
      '  tar | tar alone': figuresOf(byTar, 'ms'),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Forks of a session of the agent `large` that has changed a file, each ended before the next: how long they took, in ms. */
export async function forks(server: AshServer): Promise<{ awake: number[]; asleep: number[] }> {
  const parent = await server.client.createSession('large');
  await turn(server, parent.id, performance.now());
  const write = script({ tools: [{ name: 'Bash', input: { command: 'echo more > more.txt' } }] }, 'ok');
  for await (const _ of server.client.sendMessageStream(parent.id, write));
  const forkOf = async (): Promise<number> => {
    const start = performance.now();
    const fork = await server.client.forkSession(parent.id);
    const ms = performance.now() - start;
    await server.client.endSession(fork.id);
    return ms;
  };
  const awake = await repeat(rounds, forkOf);
  await server.client.pauseSession(parent.id);
  const asleep = await repeat(rounds, forkOf);
  return { awake, asleep };
}

export async function makeAgent(folder: string): Promise<void> {
  const content = randomBytes(fileBytes);
  for (let index = 0; index < files; index += 1) {
    const dir = join(folder, `part-${Math.floor(index / 100)}`);
    if (index % 100 === 0) await mkdir(dir, { recursive: true });
    content.writeUInt32LE(index);
    await writeFile(join(dir, `file-${index}.bin`), content);
  }
  await writeFile(join(folder, 'CLAUDE.md'), '# Large\n');
}
