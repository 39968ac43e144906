/** Makers of rows for the tests and for the program that the crash test runs (which has no vitest). */
import { randomUUID } from 'node:crypto';
import type { Store } from '../../src/store/open.ts';
import * as sessions from '../../src/store/sessions.ts';

export const AT = '2026-01-02T03:04:05.006Z';

/** Stores a session with a new id and returns it. */
export async function newSession(
  store: Store,
  fields: Partial<sessions.NewSession> = {},
): Promise<sessions.SessionRow> {
  const session = {
    id: randomUUID(),
    tenantId: 'default',
    agentId: 'agent-1',
    agentName: 'agent',
    agentVersionId: 'version-1',
    status: 'active' as const,
    createdAt: AT,
    ...fields,
  };
  return await store.write((tx) => sessions.insert(tx, session));
}

/** `[0, 1, … n - 1]` */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index);
}
