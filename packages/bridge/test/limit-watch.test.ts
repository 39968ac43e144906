/** What the kernel counts decides, as of when the runtime was last seen alive. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type Hit, LimitWatch } from '../src/limit-watch.ts';

let dir: string;
let watch: LimitWatch;
let hits: Hit[];

beforeEach(async () => {
  vi.useFakeTimers();
  dir = await mkdtemp(join(tmpdir(), 'ash-limits-'));
  hits = [];
  watch = new LimitWatch((hit) => hits.push(hit));
  await count({ kills: 0, refused: 0 });
  watch.use({
    memoryMb: 256,
    pids: 64,
    turnTimeoutMs: 60_000,
    memoryEvents: join(dir, 'm'),
    pidsEvents: join(dir, 'p'),
  });
});

afterEach(async () => {
  watch.end();
  vi.useRealTimers();
  await rm(dir, { recursive: true });
});

/** As memory.oom_control and pids.events have it. */
async function count({ kills, refused }: { kills: number; refused: number }): Promise<void> {
  await writeFile(join(dir, 'm'), `oom_kill_disable 0\nunder_oom 0\noom_kill ${kills}\n`);
  await writeFile(join(dir, 'p'), `max ${refused}\n`);
}

it('knows no cause when nothing was counted', () => {
  watch.begin();
  expect(watch.causeOfDeath()).toBeUndefined();
});

it('blames the memory for a kill since the runtime was last heard of', async () => {
  watch.begin();
  await count({ kills: 1, refused: 0 });
  expect(watch.causeOfDeath()).toMatchObject({ code: 'memory_limit_reached', error: expect.stringContaining('256') });
  // A tool that was killed, and the runtime went on.
  watch.calm();
  expect(watch.causeOfDeath()).toBeUndefined();
});

it('tells a bomb from a build that asks for too much once', async () => {
  watch.begin();
  await count({ kills: 0, refused: 10 });
  vi.advanceTimersByTime(20_000);
  expect(hits).toEqual([]);
  for (let look = 0; look < 5; look += 1) {
    await count({ kills: 0, refused: 100 + look });
    vi.advanceTimersByTime(1000);
  }
  expect(hits).toEqual([{ failure: expect.objectContaining({ code: 'process_limit_reached' }), grace: false }]);
});

it('ends a turn at its time, once, and not one that has ended', () => {
  watch.begin();
  vi.advanceTimersByTime(59_000);
  watch.end();
  vi.advanceTimersByTime(120_000);
  expect(hits).toEqual([]);
  watch.begin();
  vi.advanceTimersByTime(200_000);
  expect(hits).toEqual([{ failure: expect.objectContaining({ code: 'turn_timeout' }), grace: true }]);
});

it('claims nothing where the kernel keeps no count', () => {
  watch.use({ memoryMb: 256, pids: 64, turnTimeoutMs: null });
  watch.begin();
  vi.advanceTimersByTime(1_000_000);
  expect([hits, watch.causeOfDeath()]).toEqual([[], undefined]);
});
