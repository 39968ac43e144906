/** What sessions reached, or tried to, as it can be read. */
import type { EgressRecord } from '@ash-ai/shared/contract';
import { sessionOf } from '../files/workspace-of.ts';
import type { EgressRoom } from '../http/rooms.ts';
import * as egressStore from '../store/egress.ts';
import type { Store } from '../store/open.ts';

export class Egress implements EgressRoom {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async list(tenantId: string, sessionId: string, page: { after: number; limit: number }): Promise<EgressRecord[]> {
    await sessionOf({ store: this.#store }, tenantId, sessionId);
    return await egressStore.list(this.#store.db, sessionId, page);
  }
}
