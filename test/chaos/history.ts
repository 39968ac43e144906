/** Lives a planned history through on a world, and gathers the evidence. */
import { setTimeout as delay } from 'node:timers/promises';
import { processesOf } from '../e2e/leaks.ts';
import type { Evidence, Item, Sent, View } from './evidence.ts';
import { inflict } from './faults.ts';
import { Moments } from './moments.ts';
import type { FaultKind, FollowerPlan, HistoryPlan, TurnPlan } from './plan.ts';
import { marksFile, tagsIn } from './prompt.ts';
import { Follower, readConnection } from './reader.ts';
import { repost, type Sending, send } from './sender.ts';
import { asked } from './witness.ts';
import { untilOr, type World } from './world.ts';

/** Without a new entry in the log for so long, a turn that has not ended hangs, in ms. */
const usualHungAfterMs = 90_000;

export async function liveThrough(
  world: World,
  plan: HistoryPlan,
  { name, hungAfterMs = usualHungAfterMs }: { name: string; hungAfterMs?: number | undefined },
): Promise<Evidence> {
  return await new History(world, plan, hungAfterMs).run(name);
}

class History {
  readonly #world: World;
  readonly #plan: HistoryPlan;
  readonly #hungAfterMs: number;
  readonly #evidence: Evidence;
  readonly #moments = new Moments();
  /** Fires when nothing more is to be sent or read. */
  readonly #over = new AbortController();
  readonly #ended = new Map<number, PromiseWithResolvers<void>>();
  readonly #turnIds = new Map<string, number>();
  readonly #reading: Promise<void>[] = [];
  /** Each breaks a connection off that a client of the session has. */
  readonly #cuts = new Set<() => void>();
  #current = -1;
  #progressAt = Date.now();

  constructor(world: World, plan: HistoryPlan, hungAfterMs: number) {
    this.#world = world;
    this.#hungAfterMs = hungAfterMs;
    this.#plan = plan;
    this.#evidence = {
      ...{
        plan,
        sessionId: '',
        sent: [],
        log: [],
        messageSeqs: [],
        eventSeqs: [],
        views: [],
        sdk: [],
        asked: [],
        marks: [],
      },
      ...{ faults: [], interrupts: 0, hung: [], left: [], leases: [] },
    };
    for (const index of plan.turns.keys()) this.#ended.set(index, Promise.withResolvers());
  }

  async run(name: string): Promise<Evidence> {
    const [world, evidence] = [this.#world, this.#evidence];
    const made = await world.ask('POST', '/api/sessions', {
      body: { agent: 'chaos' },
      headers: { 'idempotency-key': name },
    });
    if (made.status !== 201) throw new Error(`no session: ${made.status} ${JSON.stringify(made.body)}`);
    const sessionId: string = made.body.session.id;
    evidence.sessionId = sessionId;
    const hear = (request: Parameters<typeof asked>[0]): void => {
      if (request.headers['x-claude-code-session-id'] !== sessionId) return;
      const found = asked(request);
      if (found === undefined) return;
      evidence.asked.push(found);
      this.#moments.reach(this.#indexOf(found.prompts.at(-1)), 'model');
    };
    world.heard.add(hear);
    using _leases = world.leases.watch(sessionId, evidence.leases);
    try {
      const followers = this.#plan.followers.map((follower, index) => this.#follow(follower, index));
      const sdk = this.#plan.followers.some(({ kind }) => kind === 'sdk') ? this.#followBySdk() : undefined;
      await this.#talk();
      await this.#letRead(followers);
      this.#over.abort();
      await Promise.all([sdk, ...followers.map(({ running }) => running)]);
      await this.#gather();
    } finally {
      this.#over.abort();
      world.heard.delete(hear);
    }
    await this.#end();
    return evidence;
  }

  /** Sends the messages while faults strike; the last one when all is calm. */
  async #talk(): Promise<void> {
    const { turns, faults } = this.#plan;
    const striking = new AbortController();
    const strikes = faults.map(async ({ kind, at, ms }) => {
      if (!(await this.#moments.at(at, striking.signal))) return;
      const when = Date.now();
      if (await this.#inflict(kind, ms)) this.#evidence.faults.push({ kind, turn: at.turn, at: when });
    });
    const extras: Promise<void>[] = [];
    for (const [index, turn] of turns.entries()) {
      const last = index === turns.length - 1;
      if (!turn.queued && !(await this.#haveEnded(index))) break;
      if (last) {
        striking.abort();
        await Promise.all([...strikes, ...extras]);
      }
      if (turn.interrupt !== undefined) extras.push(this.#interrupt(turn, index, striking.signal));
      const sending = this.#sending(turn, index);
      if (turn.whenBusy === 'interrupt') this.#evidence.interrupts += 1;
      const { reading } = await send(sending);
      this.#reading.push(reading);
      if (sending.sent.refused !== undefined) this.#ended.get(index)?.resolve();
      for (let more = turn.reposts; more > 0; more -= 1) {
        extras.push(delay(more * 37).then(() => repost(sending)));
        if (turn.whenBusy === 'interrupt') this.#evidence.interrupts += 1;
      }
    }
    await this.#haveEnded(turns.length);
    striking.abort();
    await Promise.all([...strikes, ...extras]);
  }

  async #inflict(kind: FaultKind, ms: number): Promise<boolean> {
    if (kind !== 'connection cut') return await inflict(this.#world, this.#evidence.sessionId, kind, ms);
    const cuts = [...this.#cuts];
    for (const cut of cuts) cut();
    return cuts.length > 0;
  }

  #sending(turn: TurnPlan, index: number): Sending {
    const sent: Sent = { tag: turn.tag, turnIds: [] };
    this.#evidence.sent.push(sent);
    const { views, sessionId } = this.#evidence;
    return {
      world: this.#world,
      sessionId,
      moments: this.#moments,
      turn,
      index,
      sent,
      views,
      cuts: this.#cuts,
      signal: this.#over.signal,
    };
  }

  /** Whether all turns before this one have ended; false when one hangs. */
  async #haveEnded(before: number): Promise<boolean> {
    this.#progressAt = Date.now();
    for (let index = 0; index < before; index += 1) {
      let ended = false;
      void this.#ended.get(index)?.promise.then(() => {
        ended = true;
      });
      while (!ended) {
        await Promise.race([this.#ended.get(index)?.promise, delay(500)]);
        if (ended || Date.now() < this.#progressAt + this.#hungAfterMs) continue;
        this.#evidence.hung.push(
          `turn ${this.#plan.turns[index]?.tag} has not ended ${this.#hungAfterMs / 1000} s after the last entry of the log`,
        );
        return false;
      }
    }
    return true;
  }

  /** Asks for an interruption; of a turn whose model hangs until it is over, as it would not end otherwise. */
  async #interrupt(turn: TurnPlan, index: number, signal: AbortSignal): Promise<void> {
    const { sessionId } = this.#evidence;
    if (turn.interrupt === undefined) return;
    const hangs = turn.modelFault !== undefined && 'hang' in turn.modelFault;
    if (!(await this.#moments.at(turn.interrupt, signal))) return;
    let over = false;
    void this.#ended.get(index)?.promise.then(() => {
      over = true;
    });
    do {
      this.#evidence.interrupts += 1;
      const response = await this.#world.call('POST', `/api/sessions/${sessionId}/interrupt`).catch(() => undefined);
      await response?.body?.cancel();
      if (hangs) await delay(200);
    } while (hangs && !over && !this.#over.signal.aborted);
  }

  #follow(plan: FollowerPlan, index: number): { follower: Follower; running: Promise<void> } {
    const view: View = { name: `follower ${index} (${plan.kind})`, previews: plan.previews, connections: [] };
    this.#evidence.views.push(view);
    let seen = 0;
    const onItem = async (item: Item): Promise<boolean> => {
      if (index === 0) this.#watch(item);
      seen += 1;
      if (plan.kind === 'slow') await delay(3);
      return (
        (plan.kind === 'leaver' || plan.kind === 'from the start') && seen % plan.items === 0 && seen <= 4 * plan.items
      );
    };
    const fromStart = plan.kind === 'from the start';
    const follower = new Follower(this.#world, this.#evidence.sessionId, {
      view,
      onItem,
      awayMs: plan.awayMs,
      fromStart,
    });
    this.#cuts.add(() => follower.drop());
    return { follower, running: plan.kind === 'sdk' ? Promise.resolve() : follower.run() };
  }

  /** The first follower tells how far the turns are. */
  #watch({ frames }: Item): void {
    this.#progressAt = Date.now();
    const frame = frames.at(-1);
    if (frame === undefined) return;
    const {
      type,
      turnId = '',
      content,
    } = JSON.parse(frame.data) as { type?: string; turnId?: string; content?: string };
    // Not by its id: an entry in the midst of previews has one as theirs.
    if (type === 'stream_event') this.#moments.reach(this.#current, 'preview');
    else if (frame.event === 'turn_accepted') {
      const index = this.#indexOf(tagsIn(content ?? '')[0]);
      this.#turnIds.set(turnId, index);
      this.#moments.reach(index, 'accepted');
    } else if (frame.event === 'turn_started') this.#current = this.#turnIds.get(turnId) ?? -1;
    else if (frame.event === 'done') {
      const index = this.#turnIds.get(turnId) ?? -1;
      this.#moments.reach(index, 'ended');
      this.#ended.get(index)?.resolve();
    } else if (frame.event === 'message') this.#moments.reach(this.#current, 'entry');
  }

  async #followBySdk(): Promise<void> {
    const seen: { type: string; data: unknown }[] = [];
    this.#evidence.sdk.push(seen);
    const options = { after: '0', includePartialMessages: true, signal: this.#over.signal };
    try {
      for await (const { type, data } of this.#world.client.followSession(this.#evidence.sessionId, options))
        seen.push({ type, data });
    } catch (cause) {
      if (!this.#over.signal.aborted) this.#evidence.hung.push(`the SDK's reader gave up: ${cause}`);
    }
  }

  /** Lets every reader come to the end of what there is. */
  async #letRead(followers: { follower: Follower; running: Promise<void> }[]): Promise<void> {
    const { sessionId, hung } = this.#evidence;
    const lastSeq = await this.#lastSeq(sessionId);
    for (const [index, { follower }] of followers.entries()) {
      const sdk = this.#plan.followers[index]?.kind === 'sdk';
      if (!sdk && !(await untilOr(() => follower.seq >= lastSeq, 30_000)))
        hung.push(`${follower.view.name} got entries up to ${follower.seq} of ${lastSeq}`);
      follower.stop();
    }
    const done = Promise.all(this.#reading).then(() => true);
    if (!(await Promise.race([done, delay(30_000, false, { ref: false })])))
      hung.push('the stream of a turn has no end, though its turn has');
  }

  async #lastSeq(sessionId: string): Promise<number> {
    return (await this.#world.ask('GET', `/api/sessions/${sessionId}`)).body.session.lastSeq;
  }

  /** Reads everything again, as somebody does who comes when all is over: no reader has seen more than is there now. */
  async #gather(): Promise<void> {
    const [world, evidence] = [this.#world, this.#evidence];
    const path = `/api/sessions/${evidence.sessionId}`;
    const lastSeq = await this.#lastSeq(evidence.sessionId);
    for (let tries = 0; evidence.log.length < lastSeq && tries < 100; tries += 1) {
      const response = await world.call('GET', `${path}/stream`).catch(() => undefined);
      // The faults of others go on: a database that is away answers with 503.
      if (response?.status !== 200) {
        await response?.body?.cancel();
        await delay(100);
      } else {
        const { items } = await readConnection(response, undefined, ({ id }) => Number(id) >= lastSeq);
        // An entry in the midst of previews that are kept has an id as theirs; here there are entries only.
        evidence.log = items.map((item) => ({ ...item, id: item.id.split('.')[0] ?? '' }));
      }
    }
    const messages = await world.ask('GET', `${path}/messages?limit=1000`);
    evidence.messageSeqs = messages.body.messages.map(({ sequence }: { sequence: number }) => sequence);
    const events = await world.ask('GET', `${path}/events?limit=1000`);
    evidence.eventSeqs = events.body.events.map(({ sequence }: { sequence: number }) => sequence);
    const marks = await world.ask('GET', `${path}/files/${marksFile}`);
    evidence.marks = marks.status === 200 ? String(marks.body).trim().split('\n').filter(Boolean) : [];
  }

  async #end(): Promise<void> {
    const [world, { sessionId, hung, left }] = [this.#world, this.#evidence];
    const ended = await Promise.race([
      world.ask('DELETE', `/api/sessions/${sessionId}`),
      delay(60_000, undefined, { ref: false }),
    ]);
    if (ended === undefined) hung.push('the end of the session is not answered');
    const mine = (): string[] =>
      processesOf(`sandboxes/${sessionId}`).map(({ pid, command }) => `process ${pid}: ${command.slice(0, 80)}`);
    // A look takes a while: all processes of the machine are looked at.
    if (!(await untilOr(() => mine().length === 0, 10_000, 250))) left.push(...mine());
  }

  #indexOf(tag: string | undefined): number {
    return this.#plan.turns.findIndex((turn) => turn.tag === tag);
  }
}
