/** How a session is walled in: what its agent's folder asks for (`.ash/sandbox.json`: "isolation"), among what the server offers. */
import { errors } from '@ash-ai/shared';
import type { IsolationName } from '@ash-ai/shared/contract';
import { readSandboxFile, sandboxFile } from './sandbox-file.ts';

/**
 * The isolation of an agent's sessions.
 * @param offered those of the server; the first is taken when the agent asks for none
 * @throws agent_file_invalid when it asks for one that isn't offered
 */
export async function isolationOf(
  agentDir: string,
  offered: readonly [IsolationName, ...IsolationName[]],
): Promise<IsolationName> {
  const { isolation: asked } = await readSandboxFile(agentDir);
  if (asked === undefined) return offered[0];
  const found = offered.find((name) => name === asked);
  if (found !== undefined) return found;
  const reason = `isolation: this server offers ${offered.join(', ')}, not ${JSON.stringify(asked)}; its operator can list others in ASH_ISOLATION_ALLOW`;
  throw errors.agent_file_invalid({ path: sandboxFile, reason });
}
