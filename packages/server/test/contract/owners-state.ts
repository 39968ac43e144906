/** Everything of a tenant that a request could change: its rows, and the files of a session. */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ash } from '../../../../test/e2e/harness.ts';

const tables = {
  agents: '*',
  agent_versions: '*',
  // What a session's own sandbox may still say of a turn that is over changes the rest.
  sessions: 'id, status, config, model, settings, sealed, parent_session_id, ended_at, turn_count',
  turns: '*',
  credentials: '*',
  attachments: '*',
  queue_items: '*',
  webhook_endpoints: '*',
  webhook_deliveries: 'id, endpoint_id, event_id, status',
  approvals: '*',
  api_keys: '*',
  idempotency_keys: '*',
};

export async function ownersState(ash: Ash, tenantId: string, sessionId: string): Promise<Record<string, unknown>> {
  const state: Record<string, unknown> = {};
  for (const [table, columns] of Object.entries(tables)) {
    state[table] = ash.rows(`select ${columns} from ${table} where tenant_id = ?`, tenantId);
  }
  state.log = ash.rows(
    "select * from log_entries where type <> 'message' and session_id in (select id from sessions where tenant_id = ?)",
    tenantId,
  );
  const workspace = ash.workspace(sessionId);
  const files = await readdir(workspace, { recursive: true, withFileTypes: true });
  state.files = await Promise.all(
    files.map(async (file) => {
      const path = join(file.parentPath, file.name);
      return [
        path,
        file.isFile()
          ? createHash('sha256')
              .update(await readFile(path))
              .digest('hex')
          : '',
      ];
    }),
  );
  return state;
}
