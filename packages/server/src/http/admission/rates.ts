/**
 * Which limits hold for a request, and what its reply says about them: per API key, per address without one, none for
 * programs on the server's own machine.
 */
import { isIPv6 } from 'node:net';
import { errors } from '@ash-ai/shared';
import type { Route } from '@ash-ai/shared/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RateLimiter, type RatePolicy, type Standing } from './rate-limiter.ts';

/** The limits of a server; an absent one does not hold. */
export interface RateSettings {
  /** Every request. */
  requests?: RatePolicy | undefined;
  /** Requests that make sessions, or agents, on top. */
  sessions?: RatePolicy | undefined;
  agents?: RatePolicy | undefined;
}

type Group = 'requests' | NonNullable<Route['rate']>;

export class Rates {
  readonly #limiters = new Map<Group, RateLimiter>();

  constructor(settings: RateSettings) {
    for (const group of ['requests', 'sessions', 'agents'] as const) {
      const policy = settings[group];
      if (policy !== undefined) this.#limiters.set(group, new RateLimiter(policy));
    }
  }

  /**
   * Counts a request and puts its standing on the reply.
   * @param keyId whose key it carries; undefined: it has none, its address stands for it
   * @throws rate_limited
   */
  count(request: FastifyRequest, reply: FastifyReply, keyId: string | undefined): void {
    if (isLocal(request)) return;
    const groups: Group[] = ['requests'];
    const { rate } = request.routeOptions.config;
    if (keyId !== undefined && rate !== undefined) groups.push(rate);
    const name = keyId === undefined ? `address ${networkOf(request.ip)}` : `key ${keyId}`;
    const limits = groups.flatMap((group) => {
      const limiter = this.#limiters.get(group);
      return limiter === undefined ? [] : [{ group, limiter }];
    });
    if (limits.length === 0) return;
    const refused = limits.some(({ limiter }) => !limiter.peek(name).admitted);
    // A request that one limit refuses uses up nothing of the other.
    const standings = limits.map(({ group, limiter }) => {
      const standing = refused ? limiter.peek(name) : limiter.take(name);
      return { group, policy: limiter.policy, standing };
    });
    tell(reply, standings);
    const worst = standings.reduce((a, b) => (b.standing.retryAfterMs > a.standing.retryAfterMs ? b : a));
    if (!refused) return;
    const retryAfterSeconds = Math.ceil(worst.standing.retryAfterMs / 1000);
    reply.header('retry-after', String(retryAfterSeconds));
    const { quota: limit, windowMs } = worst.policy;
    const by = keyId === undefined ? 'address' : 'API key';
    throw errors.rate_limited({ limit, windowSeconds: windowMs / 1000, what: worst.group, by, retryAfterSeconds });
  }
}

/** The headers of draft-ietf-httpapi-ratelimit-headers, and those that older Ash had. */
function tell(
  reply: FastifyReply,
  standings: readonly { group: Group; policy: RatePolicy; standing: Standing }[],
): void {
  const each = standings.map(({ group, policy, standing }) => {
    const remaining = standing.admitted ? standing.remaining : 0;
    const seconds = Math.ceil((standing.admitted ? standing.resetMs : standing.retryAfterMs) / 1000);
    return { group, quota: policy.quota, window: policy.windowMs / 1000, remaining, seconds };
  });
  const tightest = each.reduce((a, b) => (b.remaining < a.remaining ? b : a));
  reply.headers({
    'ratelimit-policy': each.map(({ group, quota, window }) => `"${group}";q=${quota};w=${window}`).join(', '),
    ratelimit: each.map(({ group, remaining, seconds }) => `"${group}";r=${remaining};t=${seconds}`).join(', '),
    'x-ratelimit-limit': String(tightest.quota),
    'x-ratelimit-remaining': String(tightest.remaining),
    'x-ratelimit-reset': String(tightest.seconds),
  });
}

/** Headers that only a request passed on by a proxy has. */
const forwarding = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Whether it comes from the server's own machine, and was not passed on by a proxy that runs there. */
function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  if (!/^(?:::ffff:)?127\.|^::1$/.test(address)) return false;
  return !forwarding.some((header) => request.headers[header] !== undefined);
}

/** An address; of IPv6 the network, for whoever has one address there has them all. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(address)) return address.slice(0, 64);
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
