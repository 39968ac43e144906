/** Egress: what leaves a sandbox, and what may. */
export { type AddressKind, addressKind, canonicalAddress } from './egress/address.ts';
export { forwarderProgram, proxyEnv, withForwarder } from './egress/forwarder.ts';
export { formatTarget, type HostPattern, matches, parsePattern, parseTarget, type Target } from './egress/pattern.ts';
export {
  closedPolicy,
  decideName,
  type EgressMethod,
  type EgressPolicy,
  type EgressRule,
  explainRefusal,
  mayDial,
  type NameDecision,
  type RefusalReason,
  refusalReasons,
} from './egress/policy.ts';
export type { EgressRecord, ModelTokens } from './egress/record.ts';
