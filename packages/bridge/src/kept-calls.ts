/**
 * No tool runs before its call is kept: the runtime asks first, and is answered once the message with the call is in the
 * spool. So a call that did something is known, whatever dies then, and is never made again without a word. Measured without
 * it: a bridge that was killed before it had read what the runtime said, and a transcript that runs behind, knew nothing of
 * a tool that had run.
 */
import { contentBlocks, type SdkMessage } from '@ash-ai/shared';

/** A call of which no message comes, as that of a subagent may be, is not held back for longer, in ms. */
const maxWaitMs = 1000;

export class KeptCalls {
  readonly #kept = new Set<string>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  /** The message is in the spool. */
  take(message: SdkMessage): void {
    if (message.type !== 'assistant') return;
    for (const { type, id } of contentBlocks(message)) {
      if (type !== 'tool_use' || typeof id !== 'string') continue;
      this.#kept.add(id);
      this.#waiting.get(id)?.resolve();
    }
  }

  /** Resolves when the call is kept, or after so many ms. */
  async kept(id: string, waitMs = maxWaitMs): Promise<void> {
    if (this.#kept.has(id)) return;
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    const late = setTimeout(() => waiting.resolve(), waitMs);
    await waiting.promise;
    clearTimeout(late);
    this.#waiting.delete(id);
  }

  /** The turn is over. */
  forget(): void {
    this.#kept.clear();
  }
}
