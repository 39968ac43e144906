/** The configuration of a session: what the API shows as `config`, and how a change is merged into it. Pure. */
import type { Contract, Parsed, SessionConfig } from '@ash-ai/shared/contract';

type Patch = Parsed<Contract['updateSessionConfig']>['body'];

const fields = ['allowedTools', 'disallowedTools', 'betas', 'subagents', 'initialAgent'] as const;

/** The settings among `given` that make up the configuration; null when none is set. */
export function configOf(given: Omit<Patch, 'model'>): SessionConfig | null {
  const set = fields.flatMap((field) => (given[field] == null ? [] : [[field, given[field]] as const]));
  return set.length === 0 ? null : Object.fromEntries(set);
}

/** The configuration after a change: only given fields change, null unsets one. */
export function patchedConfig(before: SessionConfig | null, patch: Omit<Patch, 'model'>): SessionConfig | null {
  const given = Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
  return configOf({ ...before, ...given });
}
