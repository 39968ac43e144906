/** Sends a planned message as a careful client does: again with the same key until it is answered. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Item, Sent, View } from './evidence.ts';
import type { Moments } from './moments.ts';
import type { TurnPlan } from './plan.ts';
import { promptOf } from './prompt.ts';
import { Follower, isDone, readConnection } from './reader.ts';
import type { World } from './world.ts';

export interface Sending {
  world: World;
  sessionId: string;
  moments: Moments;
  turn: TurnPlan;
  index: number;
  sent: Sent;
  /** Where what it sees is kept. */
  views: View[];
  /** What breaks its connection off. */
  cuts: Set<() => void>;
  /** Gives up when fired. */
  signal: AbortSignal;
}

/** Sends it, resolves when it is accepted; then it is read to its end by `reading`. */
export async function send(sending: Sending): Promise<{ reading: Promise<void> }> {
  const { turn, sent, moments, index, signal } = sending;
  const view: View = { name: `the sender of ${turn.tag}`, previews: true, connections: [] };
  sending.views.push(view);
  while (!signal.aborted) {
    const begun = Promise.withResolvers<boolean>();
    const reading = postAndRead(sending, view, begun);
    moments.reach(index, 'posted');
    if (await begun.promise) return { reading };
    await reading;
    if (sent.refused !== undefined) return { reading };
    await delay(50);
  }
  return { reading: Promise.resolve() };
}

/** Posts the message once more: it must not become another turn. */
export async function repost(sending: Sending): Promise<void> {
  const { signal } = sending;
  for (let tries = 0; tries < 200 && !signal.aborted; tries += 1) {
    const view: View = { name: 'a repeated post', previews: true, connections: [] };
    const begun = Promise.withResolvers<boolean>();
    await postAndRead(sending, view, begun, () => true);
    if (await begun.promise) return;
    await delay(50);
  }
}

async function postAndRead(
  { world, sessionId, turn, sent, cuts, signal }: Sending,
  view: View,
  begun: PromiseWithResolvers<boolean>,
  enough?: () => boolean,
): Promise<void> {
  const left = new AbortController();
  const cut = (): void => left.abort();
  cuts.add(cut);
  const path = `/api/sessions/${sessionId}/messages`;
  const body = { content: promptOf(turn), includePartialMessages: true, whenBusy: turn.whenBusy };
  const headers = { 'idempotency-key': turn.tag };
  const response = await world
    .call('POST', path, { body, headers, signal: AbortSignal.any([left.signal, signal]) })
    .catch(() => undefined);
  if (response?.status !== 200) {
    cuts.delete(cut);
    const text = await response?.text().catch(() => '');
    if (response !== undefined && response.status < 500) sent.refused = `${response.status} ${text}`;
    begun.resolve(false);
    return;
  }
  let items = 0;
  const onItem = (item: Item): boolean => {
    const [first] = item.frames;
    if (first?.event === 'session_start') {
      const { turnId } = JSON.parse(first.data) as { turnId: string };
      sent.turnIds.push(turnId);
      view.turnId = turnId;
      begun.resolve(true);
    }
    items += 1;
    return enough?.() ?? items === turn.vanishAfter;
  };
  const connection = await readConnection(response, undefined, onItem);
  view.connections.push(connection);
  cuts.delete(cut);
  left.abort();
  // Without a turn it is as if nothing had come: it is posted again.
  begun.resolve(view.turnId !== undefined);
  if (view.turnId === undefined || connection.end === 'left' || isDone(connection)) return;
  const cursor = connection.items.at(-1)?.id;
  const follower = new Follower(world, sessionId, { view, onItem: () => false, cursor });
  signal.addEventListener('abort', () => follower.stop(), { once: true });
  const drop = (): void => follower.drop();
  cuts.add(drop);
  await follower.run();
  cuts.delete(drop);
}
