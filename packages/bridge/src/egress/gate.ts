/** Decides who may be reached: by name, then by the addresses that the name has now. What was checked is what is dialled. */
import { lookup } from 'node:dns/promises';
import {
  decideName,
  type EgressMethod,
  type EgressPolicy,
  type EgressRule,
  explainRefusal,
  mayDial,
  type RefusalReason,
  type Target,
} from '@ash-ai/shared/egress';

/** Addresses of a name. */
export type Resolve = (name: string) => Promise<readonly string[]>;

/** Somebody who may be reached, and where. */
export interface Passage {
  target: Target;
  rule: EgressRule;
  /** Checked; at least one. */
  addresses: readonly [string, ...string[]];
}

/** A refusal: which, and what the agent is told. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly reason: RefusalReason;
  /** The address that was the reason, if one was. */
  readonly address: string | null;

  constructor(
    reason: RefusalReason,
    target: Pick<Target, 'host' | 'port'>,
    detail = '',
    address: string | null = null,
  ) {
    super(explainRefusal(reason, target, detail));
    this.reason = reason;
    this.address = address;
  }
}

/** How long a name may take to be found, in ms. */
const resolveMs = 10_000;

/** The resolver of the system, hosts file included. */
export const systemResolve: Resolve = async (name) => {
  const found = await lookup(name, { all: true });
  return found.map(({ address }) => address);
};

/** Where a target may be dialled. @throws Refused */
export async function admit(
  { policy, resolve }: { policy: EgressPolicy; resolve: Resolve },
  target: Target,
  method: EgressMethod,
): Promise<Passage> {
  const decided = decideName(policy, target, method);
  if ('reason' in decided) throw new Refused(decided.reason, target);
  const found = target.isAddress ? [target.host] : await addressesOf(resolve, target);
  const [first, ...rest] = found.filter((address) => mayDial(policy, address, target.port));
  if (first !== undefined) return { target, rule: decided.rule, addresses: [first, ...rest] };
  const address = found[0] ?? null;
  if (address === null) throw new Refused('name_not_found', target);
  throw new Refused('address_not_public', target, address, address);
}

async function addressesOf(resolve: Resolve, target: Target): Promise<readonly string[]> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), resolveMs);
  try {
    return await Promise.race([resolve(target.host), late.promise]);
  } catch (cause) {
    throw new Refused('name_not_found', target, codeOf(cause));
  } finally {
    clearTimeout(timer);
  }
}

/** An error's code, else its message. */
export function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
