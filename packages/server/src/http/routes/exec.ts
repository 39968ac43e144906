/** Commands in a session's workspace, and what its sandbox has said. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { Rooms } from '../rooms.ts';

/** The handlers of the exec and log routes. */
export function execHandlers({
  commands,
  sandboxLogs,
}: Rooms): HandlersOf<Pick<Contract, 'execInSession' | 'getSessionLogs'>> {
  return {
    execInSession: ({ tenantId, params, body }) => commands.exec(tenantId, params.id, body),
    getSessionLogs: async ({ tenantId, params, query }) => ({
      logs: await sandboxLogs.read(tenantId, params.id, query.after),
      source: 'sandbox',
    }),
  };
}
