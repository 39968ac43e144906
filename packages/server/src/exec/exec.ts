/** Commands of callers in sessions' workspaces; they end with the server at the latest (spec/http-api.md §5.5). */

import type { Workspaces } from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import { mayReach } from '@ash-ai/shared/bridge-wire';
import type { Contract, Parsed } from '@ash-ai/shared/contract';
import { orNoWorkspace, sessionOf, type WorkspaceRooms } from '../files/workspace-of.ts';
import type { ExecRoom } from '../http/rooms.ts';

export class Exec implements ExecRoom, AsyncDisposable {
  readonly #rooms: WorkspaceRooms & { workspaces: Workspaces };
  readonly #running = new Set<Promise<unknown>>();
  readonly #stop = new AbortController();

  constructor(rooms: WorkspaceRooms & { workspaces: Workspaces }) {
    this.#rooms = rooms;
  }

  async exec(tenantId: string, sessionId: string, { command, timeout }: Parsed<Contract['execInSession']>['body']) {
    const session = await sessionOf(this.#rooms, tenantId, sessionId);
    if (session.status !== 'active') throw errors.session_not_active({ status: session.status });
    const { workspace: source, runtime, limits, isolation, egress } = await this.#rooms.openRequest(session, {});
    const reaches = mayReach(egress);
    // The proxy is its bridge's, and so are the keys that are put in there.
    if (reaches) await orNoWorkspace(sessionId, () => this.#rooms.executor.wake(sessionId));
    const running = this.#rooms.workspaces.exec(
      { sessionId, source },
      {
        ...{ command, env: runtime.env, limits, timeoutMs: timeout, egress: reaches },
        ...(isolation === undefined ? {} : { isolation }),
      },
      this.#stop.signal,
    );
    this.#running.add(running);
    try {
      return await orNoWorkspace(sessionId, () => running);
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await Promise.allSettled(this.#running);
  }
}
