/** The limits of sessions: the server's defaults, what agent and session ask for on top, and the ceiling over both. */
import { errors } from '@ash-ai/shared';
import { type LimitsRequest, limitsRequestSchema, type SandboxLimits } from '@ash-ai/shared/contract';
import type { Config } from '../config.ts';
import { readSandboxFile, sandboxFile } from './sandbox-file.ts';

export interface LimitPolicy {
  defaults: SandboxLimits;
  /** What may be asked for at most; a limit that isn't named here can only be lowered. */
  ceiling: LimitsRequest;
}

export function limitPolicy(config: Config): LimitPolicy {
  return {
    defaults: {
      memoryMb: config.sandboxMemoryMb,
      cpus: config.sandboxCpus,
      pids: config.sandboxPids,
      diskMb: config.sandboxDiskMb,
      inodes: config.sandboxInodes,
      openFiles: config.sandboxOpenFiles,
      turnTimeoutMs: config.turnTimeoutMs ?? null,
    },
    ceiling: config.sandboxCeiling ?? {},
  };
}

/** The limits that hold for what was asked: later ones count, and none goes over the ceiling. */
export function limitsUnder({ defaults, ceiling }: LimitPolicy, asked: LimitsRequest): SandboxLimits {
  const limits: SandboxLimits = { ...defaults };
  for (const name of Object.keys(defaults) as (keyof SandboxLimits)[]) {
    const most = ceiling[name] ?? defaults[name];
    const wanted = asked[name] ?? defaults[name];
    if (wanted !== null) Object.assign(limits, { [name]: most === null ? wanted : Math.min(wanted, most) });
    else Object.assign(limits, { [name]: most });
  }
  return limits;
}

/**
 * What an agent's folder asks for.
 * @throws agent_file_invalid when the file is there and doesn't say it
 */
export async function agentLimits(agentDir: string): Promise<LimitsRequest> {
  const given = await readSandboxFile(agentDir);
  const asked = limitsRequestSchema.safeParse('limits' in given ? given.limits : {});
  if (asked.success) return asked.data;
  const [issue] = asked.error.issues;
  const reason = `${['limits', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`;
  throw errors.agent_file_invalid({ path: sandboxFile, reason });
}
