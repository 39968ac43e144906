/** Delivers what is due, a few at a time for each endpoint; what a server that died had in work is taken over. */
import { rootCertificates } from 'node:tls';
import { newId } from '@ash-ai/shared';
import type { Logger } from 'pino';
import type { Seal } from '../credentials/seal.ts';
import { StoreUnavailable } from '../store/errors.ts';
import type { Store } from '../store/open.ts';
import * as deliveryStore from '../store/webhook-deliveries.ts';
import * as endpointStore from '../store/webhook-endpoints.ts';
import { patiently } from '../turns/patiently.ts';
import { payloadOf } from './payload.ts';
import { type Answer, codeOf, post } from './post.ts';
import { waitAfter } from './schedule.ts';
import { signed } from './signature.ts';
import { NotAllowed, type Targets } from './target.ts';

/** Attempts under way at once: of one endpoint, and together. */
const perEndpoint = 4;
const together = 64;
/** How long a delivery stays with a server that gives no sign of life: longer than any attempt. */
const leaseMs = 60_000;
/** How long deliveries are kept. */
const keptMs = 30 * 24 * 3600_000;
const sweepMs = 10 * 60_000;
const sweepRows = 5_000;

export interface WebhookWorkerRooms {
  store: Store;
  seal: Seal;
  targets: Targets;
  logger: Logger;
  version: string;
}

export interface WebhookWorkerOptions {
  /** Certificates to trust beside the usual ones (PEM). */
  ca?: string | undefined;
  /** Time between two looks at what is due, in ms. Default 1,000. */
  pollMs?: number;
  /** Waits between attempts. Default: those of `schedule.ts`. */
  waitsMs?: readonly number[];
}

interface Ended {
  answer?: Answer;
  /** Why it failed. */
  error?: string;
  /** Whether no further attempt makes sense. */
  final?: boolean;
}

export class WebhookWorker implements AsyncDisposable {
  readonly #rooms: WebhookWorkerRooms;
  readonly #options: WebhookWorkerOptions;
  /** Of this very process: a restarted server is another holder. */
  readonly #holder = newId();
  readonly #stopped = new AbortController();
  /** Attempts under way, by endpoint. */
  readonly #inWork = new Map<string, number>();
  readonly #attempts = new Set<Promise<void>>();
  #timers: NodeJS.Timeout[] = [];
  #taking: Promise<void> | undefined;
  #again = false;

  constructor(rooms: WebhookWorkerRooms, options: WebhookWorkerOptions = {}) {
    this.#rooms = rooms;
    this.#options = options;
  }

  /** Begins to deliver. An embedded database has one server: what an earlier one had in work is taken over at once. */
  async start(): Promise<void> {
    const { store } = this.#rooms;
    if (store.dialect === 'sqlite') await store.write((tx) => deliveryStore.expireLeases(tx));
    const every = (ms: number, work: () => void): NodeJS.Timeout => setInterval(work, ms).unref();
    this.#timers = [every(this.#options.pollMs ?? 1_000, () => this.nudge()), every(sweepMs, () => void this.#sweep())];
    this.nudge();
  }

  /** Looks for what is due now. */
  nudge(): void {
    if (this.#stopped.signal.aborted) return;
    this.#again = true;
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
  }

  /** Cuts the attempts under way; the next server makes them anew at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#taking;
    const cut = [...this.#attempts];
    await Promise.all(cut);
    if (cut.length === 0) return;
    await this.#rooms.store
      .write((tx) => deliveryStore.expireLeases(tx, this.#holder))
      .catch((cause: unknown) => this.#complain(cause, 'deliveries stay leased for a while'));
  }

  async #take(): Promise<void> {
    while (this.#again && !this.#stopped.signal.aborted) {
      this.#again = false;
      try {
        while (this.#attempts.size < together && !this.#stopped.signal.aborted) {
          const busy = [...this.#inWork].flatMap(([id, count]) => (count >= perEndpoint ? [id] : []));
          const at = instant();
          const claim = { holder: this.#holder, at, leaseUntil: instant(leaseMs), busy };
          // Most looks find nothing; they shall not cost a write.
          if (!(await deliveryStore.isAnythingDue(this.#rooms.store.db, at))) break;
          const claimed = await this.#rooms.store.write((tx) => deliveryStore.claim(tx, claim));
          if (claimed === undefined) break;
          this.#start(claimed);
        }
      } catch (cause) {
        // The next look tries again.
        this.#complain(cause, 'webhooks not readable');
      }
    }
  }

  #start({ delivery, endpoint }: NonNullable<Awaited<ReturnType<typeof deliveryStore.claim>>>): void {
    this.#inWork.set(endpoint.id, (this.#inWork.get(endpoint.id) ?? 0) + 1);
    const work = this.#work(delivery, endpoint)
      .catch((cause: unknown) => this.#complain(cause, 'delivery not finished', delivery.id))
      .finally(() => {
        const left = (this.#inWork.get(endpoint.id) ?? 1) - 1;
        if (left === 0) this.#inWork.delete(endpoint.id);
        else this.#inWork.set(endpoint.id, left);
        this.#attempts.delete(work);
        this.nudge();
      });
    this.#attempts.add(work);
  }

  async #work(delivery: deliveryStore.WebhookDeliveryRow, endpoint: endpointStore.WebhookEndpointRow): Promise<void> {
    const { signal } = this.#stopped;
    const patch = endpoint.enabled
      ? this.#patchOf(delivery, await this.#attempt(delivery, endpoint))
      : { status: 'skipped' as const, nextAttemptAt: null };
    // Cut by our own end: nothing is known of it, and the next server makes the attempt anew.
    if (signal.aborted) return;
    const gone = 'lastStatusCode' in patch && patch.lastStatusCode === 410;
    await patiently(
      () =>
        this.#rooms.store.write(async (tx) => {
          await deliveryStore.finish(tx, { id: delivery.id, holder: this.#holder, patch });
          if (!gone) return;
          // 410 Gone: the endpoint wants no more.
          const { tenantId, id } = endpoint;
          await endpointStore.update(tx, { tenantId, id, patch: { enabled: false, updatedAt: instant() } });
          await deliveryStore.skipPending(tx, id);
        }),
      signal,
    );
  }

  async #attempt(
    delivery: deliveryStore.WebhookDeliveryRow,
    endpoint: endpointStore.WebhookEndpointRow,
  ): Promise<Ended> {
    const { store, targets, version } = this.#rooms;
    const payload = await payloadOf(store.db, delivery);
    // Only what is on the disk may be told (durability.md, P4).
    await store.durable();
    if (payload === undefined) return { error: 'what it tells of is gone', final: true };
    const body = JSON.stringify(payload);
    const secrets = await this.#secretsOf(endpoint);
    try {
      const destination = await targets.find(endpoint.url);
      const headers = {
        'user-agent': `Ash-Webhooks/${version}`,
        // biome-ignore lint/plugin: the receiver compares it with its clock
        ...signed(delivery.eventId, Math.floor(Date.now() / 1000), body, secrets),
      };
      const { ca: more } = this.#options;
      const ca = more === undefined ? undefined : [...rootCertificates, more];
      const answer = await post(destination, { headers, body, ca, signal: this.#stopped.signal });
      if (answer.statusCode >= 200 && answer.statusCode < 300) return { answer };
      const redirects = answer.statusCode >= 300 && answer.statusCode < 400;
      return {
        answer,
        error: `it answered ${answer.statusCode}${redirects ? ', and redirects are not followed' : ''}`,
        final: answer.statusCode === 410,
      };
    } catch (cause) {
      if (cause instanceof NotAllowed) return { error: cause.message };
      return { error: sentenceOf(cause) };
    }
  }

  async #secretsOf({
    secret,
    previousSecret,
    previousSecretUntil,
  }: endpointStore.WebhookEndpointRow): Promise<string[]> {
    const { seal } = this.#rooms;
    const newest = await seal.openText(secret);
    if (previousSecret === null || previousSecretUntil === null || previousSecretUntil <= instant()) return [newest];
    return [newest, await seal.openText(previousSecret)];
  }

  #patchOf(delivery: deliveryStore.WebhookDeliveryRow, { answer, error, final = false }: Ended) {
    const attempts = delivery.attempts + 1;
    const at = instant();
    const known = { attempts, lastAttemptAt: at, lastStatusCode: answer?.statusCode ?? null };
    if (error === undefined)
      return { ...known, status: 'delivered' as const, lastError: null, deliveredAt: at, nextAttemptAt: null };
    const { waitsMs } = this.#options;
    const asked = answer?.retryAfterMs;
    const wait = final ? undefined : waitAfter(attempts, { asked, ...(waitsMs === undefined ? {} : { waitsMs }) });
    const lastError = error.slice(0, 500).toWellFormed();
    if (wait === undefined) return { ...known, status: 'failed' as const, lastError, nextAttemptAt: null };
    return { ...known, status: 'pending' as const, lastError, nextAttemptAt: instant(wait) };
  }

  async #sweep(): Promise<void> {
    const { store } = this.#rooms;
    try {
      const before = instant(-keptMs);
      while ((await store.write((tx) => deliveryStore.sweep(tx, { before, limit: sweepRows }))) === sweepRows) {
        if (this.#stopped.signal.aborted) return;
      }
    } catch (cause) {
      this.#complain(cause, 'old deliveries not swept');
    }
  }

  #complain(err: unknown, message: string, deliveryId?: string): void {
    const { logger } = this.#rooms;
    if (this.#stopped.signal.aborted || err instanceof StoreUnavailable) logger.warn({ err, deliveryId }, message);
    else logger.error({ err, deliveryId }, message);
  }
}

/** What a tenant may know of a connection that failed: which kind of failure it was. */
function sentenceOf(cause: unknown): string {
  const reason = cause instanceof Error && cause.name === 'AbortError' ? cause.cause : cause;
  if (reason instanceof Error && reason.name === 'TimeoutError') return 'it did not answer in time';
  const code = codeOf(cause);
  return code === '' ? 'the connection failed' : `the connection failed (${code})`;
}

function instant(inMs = 0): string {
  // biome-ignore lint/plugin: stored, and outlives this process
  return new Date(Date.now() + inMs).toISOString();
}
