/** Asks the host before a tool runs, when it wants to be asked. */
import { randomUUID } from 'node:crypto';
import type { Json } from './frames.ts';

export class Hooks {
  readonly #say: (message: Json) => void;
  readonly #open = new Map<string, () => void>();
  #beforeTools: string[] = [];

  constructor(say: (message: Json) => void) {
    this.#say = say;
  }

  /** @param wanted as the host's `initialize` has them */
  use(wanted: Json | undefined): void {
    const matchers = (wanted?.PreToolUse ?? []) as { hookCallbackIds: string[] }[];
    this.#beforeTools = matchers.flatMap(({ hookCallbackIds }) => hookCallbackIds);
  }

  async beforeTool({ id, name, input }: Json): Promise<void> {
    for (const callback of this.#beforeTools) {
      const requestId = randomUUID();
      const answered = new Promise<void>((resolve) => this.#open.set(requestId, resolve));
      const about = { hook_event_name: 'PreToolUse', tool_name: name, tool_input: input, tool_use_id: id };
      const request = { subtype: 'hook_callback', callback_id: callback, input: about, tool_use_id: id };
      this.#say({ type: 'control_request', request_id: requestId, request });
      await answered;
    }
  }

  answered({ request_id: id }: Json): void {
    this.#open.get(id)?.();
    this.#open.delete(id);
  }
}
