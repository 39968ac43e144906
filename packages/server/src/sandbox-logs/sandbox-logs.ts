/** What the live sandboxes have said, as long as they live: a ring for each (spec/http-api.md §5.4). */
import type { AwakeSandbox } from '@ash-ai/sandbox';
import type { Frame } from '@ash-ai/shared/bridge-wire';
import type { SandboxLog } from '@ash-ai/shared/contract';
import { sessionOf } from '../files/workspace-of.ts';
import type { SandboxLogsRoom } from '../http/rooms.ts';
import type { Store } from '../store/open.ts';
import { Ring } from './ring.ts';

export class SandboxLogs implements SandboxLogsRoom {
  readonly #store: Store;
  readonly #rings = new Map<string, Ring>();

  constructor(store: Store) {
    this.#store = store;
  }

  async read(tenantId: string, sessionId: string, after: number): Promise<SandboxLog[]> {
    await sessionOf({ store: this.#store }, tenantId, sessionId);
    return this.#rings.get(sessionId)?.after(after) ?? [];
  }

  /** Ash's own word about a session's live sandbox. */
  note(sessionId: string, text: string): void {
    this.#rings.get(sessionId)?.add('system', text);
  }

  /** The sandbox's frames, unchanged: its lines are kept until they end. */
  async *heard(sessionId: string, sandbox: Pick<AwakeSandbox, 'path' | 'frames'>): AsyncGenerator<Frame[], void, void> {
    const ring = new Ring();
    if (sandbox.path !== 'remains') this.#rings.set(sessionId, ring);
    ring.add('system', sandbox.path === 'cold' ? 'Sandbox started' : 'Server attached to the running sandbox');
    try {
      for await (const frames of sandbox.frames()) {
        for (const frame of frames) take(ring, frame);
        yield frames;
      }
    } finally {
      if (this.#rings.get(sessionId) === ring) this.#rings.delete(sessionId);
    }
  }
}

/** Keeps what a `log` frame holds; other frames are for others. */
function take(ring: Ring, { header, payload }: Frame): void {
  if (header.kind !== 'log') return;
  const text: unknown = JSON.parse(payload);
  if (typeof text === 'string') ring.add(header.level, text);
}
