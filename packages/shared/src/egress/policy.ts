/**
 * What a session may reach: its rules, under the ceiling of the server. Both must allow a host; nothing is allowed by default. Pure.
 *
 *   name ──rules, ceiling──► refused (not_listed, above_ceiling, method_not_allowed)
 *     └─resolved─► address ──kind──► refused (address_not_public), unless both list the address itself
 */
import { addressKind } from './address.ts';
import { formatTarget, type HostPattern, matches, parsePattern, type Target } from './pattern.ts';

/** How a host is reached: a tunnel (`connect`, what https uses) or a request that the proxy itself passes on (`plain`). */
export type EgressMethod = 'connect' | 'plain';

/** One rule, as it is given; header values are filled in by the time the bridge gets them. */
export interface EgressRule {
  host: string;
  /** Default: both. */
  methods?: readonly EgressMethod[] | undefined;
  /** How the proxy passes `plain` requests on. Default: https with `headers`, else as the client asked. */
  upstream?: 'http' | 'https' | undefined;
  /** Put into every `plain` request, in place of what the client sent. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** A policy in force: rules, and the patterns that are the ceiling over them. */
export interface EgressPolicy {
  allow: readonly EgressRule[];
  ceiling: readonly string[];
}

export const refusalReasons = [
  'not_listed',
  'above_ceiling',
  'method_not_allowed',
  'address_not_public',
  'request_invalid',
  'name_not_found',
  'unreachable',
  'limit_reached',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** A decision about a name, before it is resolved. */
export type NameDecision = { rule: EgressRule } | { reason: RefusalReason };

/** Nothing is allowed. */
export const closedPolicy: EgressPolicy = { allow: [], ceiling: [] };

/** Whether a host may be reached this way, as far as its name tells. The first rule that fits counts, one with headers before others. */
export function decideName(policy: EgressPolicy, target: Target, method: EgressMethod): NameDecision {
  const fitting = policy.allow.filter(({ host }) => fits(host, target));
  if (fitting.length === 0) return { reason: 'not_listed' };
  if (!policy.ceiling.some((host) => fits(host, target))) return { reason: 'above_ceiling' };
  const usable = fitting.filter(({ methods }) => methods === undefined || methods.includes(method));
  const rule = usable.find(({ headers }) => headers !== undefined) ?? usable[0];
  return rule === undefined ? { reason: 'method_not_allowed' } : { rule };
}

/** Whether an address that a permitted host has may be dialled: a public one, or one that rules and ceiling list as such. */
export function mayDial(policy: EgressPolicy, address: string, port: number): boolean {
  if (addressKind(address) === 'public') return true;
  const target: Target = { host: address, isAddress: true, port };
  const listed = (host: string): boolean => parsePattern(host)?.kind === 'address' && fits(host, target);
  return policy.allow.some(({ host }) => listed(host)) && policy.ceiling.some(listed);
}

/** The sentence that tells an agent why it was refused, and who can change that. */
export function explainRefusal(reason: RefusalReason, target: Pick<Target, 'host' | 'port'>, detail = ''): string {
  const where = formatTarget(target);
  const how = `add ${JSON.stringify(target.port === 443 || target.port === 80 ? target.host : where)} to "allow" in`;
  const change = `Whoever runs this agent can allow it: ${how} "egress" of the agent's .ash/sandbox.json, or of the session.`;
  switch (reason) {
    case 'not_listed':
      return `${where} is not on the list of hosts that this session may reach. ${change}`;
    case 'above_ceiling':
      return `${where} is on this session's list, but not within ASH_EGRESS_CEILING, which the operator of the server sets.`;
    case 'method_not_allowed':
      return `${where} may be reached, but not this way: its rule names other "methods". ${detail}`.trim();
    case 'address_not_public':
      return `${where} is at ${detail}, which is no public address. Only an address that the agent's list and ASH_EGRESS_CEILING both name may be reached.`;
    case 'name_not_found':
      return `The name ${target.host} was not found${detail === '' ? '' : ` (${detail})`}.`;
    case 'unreachable':
      return `${where} could not be reached${detail === '' ? '' : ` (${detail})`}.`;
    case 'limit_reached':
      return `Too many connections of this session are open. ${detail}`.trim();
    case 'request_invalid':
      return `This is not a request that the proxy understands. ${detail}`.trim();
  }
}

function fits(host: string, target: Target): boolean {
  const pattern: HostPattern | undefined = parsePattern(host);
  return pattern !== undefined && matches(pattern, target);
}
