/** What durability costs and how long its recoveries take: commits, adoption by the next server, the gap that a client sees. */
import { mkdtemp, rm } from 'node:fs/promises';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { script } from '@ash-ai/scripted-model';
import * as logStore from '../../packages/server/src/store/log.ts';
import { openStore, type Store } from '../../packages/server/src/store/open.ts';
import { AT, newSession } from '../../packages/server/test/store/backend-rows.ts';
import { World } from '../chaos/world.ts';
import { findPostgres, startPostgres } from '../conformance/postgres.ts';
import { type Figures, figuresOf, repeat, timed } from './measure.ts';

type Results = Record<string, Figures>;

/** An awake session is about so large: bridge, wall and runtime, in bytes. */
const awakeBytes = 190 * 1024 ** 2;

/** Appends of one entry of 450 bytes, with full durability: one after another, and of 32 sessions at once. */
export async function commits(): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-bench-commits-'));
  const results: Results = {};
  try {
    await using sqlite = await openStore({ file: join(folder, 'ash.db') });
    Object.assign(results, await appends(sqlite, 'SQLite'));
    const found = findPostgres();
    if ('missing' in found) console.warn(`PostgreSQL is not measured: ${found.missing}`);
    else {
      await using cluster = await startPostgres();
      await using postgres = await openStore({ url: await cluster.createDatabase() });
      Object.assign(results, await appends(postgres, 'PostgreSQL'));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

async function appends(store: Store, name: string): Promise<Results> {
  const ids = await Promise.all(Array.from({ length: 32 }, async () => (await newSession(store)).id));
  const dataText = JSON.stringify({ type: 'assistant', text: 'x'.repeat(420) });
  const append = (sessionId: string): Promise<number> =>
    timed(() =>
      store.write((tx) => logStore.append(tx, { sessionId, entries: [{ type: 'message', createdAt: AT, dataText }] })),
    );
  const alone = await repeat(300, () => append(ids[0] ?? ''), 20);
  const together = (await repeat(20, () => Promise.all(ids.map(append)), 2)).flat();
  return {
    [`append, durable, ${name}: one at a time`]: figuresOf(alone, 'ms'),
    '  32 sessions at once, each': figuresOf(together, 'ms'),
  };
}

/** From the start of the next server until it has all sandboxes again that the killed one left. */
export async function adoptions(logPath: string, counts: readonly number[] = [1, 20, 100]): Promise<Results> {
  const results: Results = {};
  for (const count of counts) {
    if (count * awakeBytes > freemem() * 0.6) {
      console.warn(
        `adoption of ${count} live sessions is not measured: they need ${Math.round((count * awakeBytes) / 1024 ** 3)} GB`,
      );
      continue;
    }
    await using world = await World.start({ database: 'sqlite', logPath, env: { ASH_SPARES: '0' } });
    const ids: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const { id } = await world.client.createSession('chaos');
      for await (const _event of world.client.sendMessageStream(id, script('Awake.')));
      ids.push(id);
    }
    const adopted: number[] = [];
    const healthy: number[] = [];
    for (let run = 0; run < (count > 1 ? 2 : 5); run += 1) {
      const before = performance.now();
      await world.replaceServer('SIGKILL', 0);
      healthy.push(performance.now() - before);
      while ((await world.client.health()).activeSandboxes < count) await delay(5);
      adopted.push(performance.now() - before);
    }
    results[`kill -9 → next server has ${count} live session${count === 1 ? '' : 's'}`] = figuresOf(adopted, 'ms');
    results[`  of it until that server answers (${count})`] = figuresOf(healthy, 'ms');
    for (const id of ids) await world.client.endSession(id);
    await world.stop();
  }
  return results;
}

/** What a client of the SDK that reconnects by itself sees of a kill -9: from the kill to the next event. */
export async function gaps(logPath: string): Promise<Results> {
  await using world = await World.start({ database: 'sqlite', logPath });
  const { id } = await world.client.createSession('chaos');
  const times: number[] = [];
  const prompt = script({ text: 'word '.repeat(1500), chunk: 5, delayMs: 10 });
  for (let run = 0; run < 5; run += 1) {
    let seen = 0;
    let killedAt = 0;
    let restarted: Promise<void> | undefined;
    for await (const event of world.client.sendMessageStream(id, prompt, { includePartialMessages: true })) {
      if (event.type !== 'text_delta') continue;
      seen += 1;
      if (killedAt > 0) {
        times.push(performance.now() - killedAt);
        break;
      }
      if (seen < 20) continue;
      killedAt = performance.now();
      restarted = world.replaceServer('SIGKILL', 0);
      // What came before the kill was on its way already.
      await delay(1);
    }
    await restarted;
    await world.ask('POST', `/api/sessions/${id}/interrupt`);
    while ((await world.client.health()).pool.running > 0) await delay(20);
  }
  await world.client.endSession(id);
  await world.stop();
  return { 'kill -9 of the server → next event at a client': figuresOf(times, 'ms') };
}
