/** What an agent's folder says of egress and model calls (`.ash/sandbox.json`: "egress", "modelLimits"). */
import { errors } from '@ash-ai/shared';
import { type EgressRequest, egressSchema, type ModelLimitsRequest, modelLimitsSchema } from '@ash-ai/shared/contract';
import type { z } from 'zod';
import { readSandboxFile, sandboxFile } from '../sessions/sandbox-file.ts';

/** What agent or session ask for. */
export interface EgressSettings {
  egress?: EgressRequest | undefined;
  modelLimits?: ModelLimitsRequest | undefined;
}

/** What an agent's folder asks for. @throws agent_file_invalid when the file is there and doesn't say it */
export async function agentEgress(agentDir: string): Promise<EgressSettings> {
  const given = await readSandboxFile(agentDir);
  return {
    ...('egress' in given ? { egress: parsed('egress', egressSchema, given.egress) } : {}),
    ...('modelLimits' in given ? { modelLimits: parsed('modelLimits', modelLimitsSchema, given.modelLimits) } : {}),
  };
}

function parsed<S extends z.ZodType>(name: string, schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const reason = `${[name, ...(issue?.path ?? [])].join('.')}: ${issue?.message}`;
  throw errors.agent_file_invalid({ path: sandboxFile, reason });
}
