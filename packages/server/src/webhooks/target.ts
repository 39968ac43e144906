/** Where webhooks may be sent: to public addresses by https, and wherever the operator says. Nothing else of the operator's network. */
import { lookup } from 'node:dns/promises';
import { errors } from '@ash-ai/shared';
import { webhookLimits } from '@ash-ai/shared/contract';
import type { Target } from '@ash-ai/shared/egress';
import { addressKind, formatTarget, type HostPattern, matches, parsePattern, parseTarget } from '@ash-ai/shared/egress';

/** How long a name may take to be resolved, in ms. */
const resolveMs = 5_000;
/** Addresses of one name that are tried. */
const maxAddresses = 4;

/** A place that may be connected to. */
export interface Destination {
  url: URL;
  target: Target;
  /** Checked; to be connected to as they are, for a second look-up could say something else. */
  addresses: readonly string[];
}

/** Why nothing can be sent there. */
export class NotAllowed extends Error {}

export class Targets {
  readonly #listed: readonly HostPattern[];
  readonly #resolve: (host: string) => Promise<readonly string[]>;

  /** @param listed what the operator allows besides public addresses. @param resolve default: the system's resolver */
  constructor(listed: readonly string[], resolve: (host: string) => Promise<readonly string[]> = addressesOf) {
    this.#listed = listed.flatMap((pattern) => parsePattern(pattern) ?? []);
    this.#resolve = resolve;
  }

  /** The URL, as far as it can be judged without a look-up. @throws webhook_url_invalid */
  check(text: string): void {
    try {
      this.#parse(text);
    } catch (cause) {
      if (!(cause instanceof NotAllowed)) throw cause;
      throw errors.webhook_url_invalid({ url: text.slice(0, 200), reason: cause.message }, { cause });
    }
  }

  /** Resolves the URL's host, once. @throws NotAllowed */
  async find(text: string): Promise<Destination> {
    const { url, target } = this.#parse(text);
    const found = target.isAddress ? [target.host] : await this.#addresses(target.host);
    const addresses = found.filter((address) => this.#mayDial(target, address)).slice(0, maxAddresses);
    if (addresses.length > 0) return { url, target, addresses };
    const [first] = found;
    throw new NotAllowed(
      first === undefined
        ? `the name ${target.host} was not found`
        : `${target.host} is at ${first}, no public address`,
    );
  }

  #parse(text: string): { url: URL; target: Target } {
    if (text.length > webhookLimits.maxUrlChars || !URL.canParse(text)) throw new NotAllowed('it is no address');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new NotAllowed('it is not an https address');
    if (url.username !== '' || url.password !== '') throw new NotAllowed('it holds a user or a password');
    if (url.hash !== '') throw new NotAllowed('it holds a fragment');
    const target = parseTarget(url.host, url.protocol === 'https:' ? 443 : 80);
    if (target === undefined) throw new NotAllowed('its host is none');
    if (url.protocol === 'http:' && !this.#isListed(target))
      throw new NotAllowed(`${formatTarget(target)} is not listed, so only https will do`);
    if (target.isAddress && !this.#mayDial(target, target.host)) throw new NotAllowed('that is no public address');
    return { url, target };
  }

  #isListed(target: Target): boolean {
    return this.#listed.some((pattern) => matches(pattern, target));
  }

  /** What a listed name resolves to may be private; the machine's own metadata only an address in the list opens. */
  #mayDial(target: Target, address: string): boolean {
    const kind = addressKind(address);
    if (kind === 'public' || this.#listsAddress(address, target.port)) return true;
    return this.#isListed(target) && !target.isAddress && ['private', 'shared', 'loopback'].includes(kind);
  }

  #listsAddress(address: string, port: number): boolean {
    const target: Target = { host: address, isAddress: true, port };
    return this.#listed.some((pattern) => pattern.kind === 'address' && matches(pattern, target));
  }

  async #addresses(host: string): Promise<readonly string[]> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(new Error('no answer in time')), resolveMs);
    try {
      return await Promise.race([this.#resolve(host), late.promise]);
    } catch (cause) {
      throw new NotAllowed(`the name ${host} was not found`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

async function addressesOf(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
