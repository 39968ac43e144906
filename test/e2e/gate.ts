/** Holds requests to the scripted model where a test wants the world to stand still, and remembers all of them. */
import type { ModelRequest } from '@ash-ai/scripted-model';

/** Requests that wait. */
export interface Held {
  /** Resolves when the first one is there. */
  readonly reached: Promise<ModelRequest>;
  /** Lets it and all later ones pass. */
  open(): void;
}

interface Hold {
  prompt: string;
  toolResults: number;
  reached: PromiseWithResolvers<ModelRequest>;
  opened: PromiseWithResolvers<void>;
}

interface Block {
  type: string;
  text?: string;
}

export class Gate {
  readonly requests: ModelRequest[] = [];
  readonly #holds = new Set<Hold>();

  /**
   * Holds requests of a turn whose prompt has this text in it.
   * @param toolResults only from so many tool results on: a step in the middle of the turn
   */
  hold(prompt: string, toolResults = 0): Held {
    const hold = {
      prompt,
      toolResults,
      reached: Promise.withResolvers<ModelRequest>(),
      opened: Promise.withResolvers<void>(),
    };
    this.#holds.add(hold);
    return {
      reached: hold.reached.promise,
      open: () => {
        this.#holds.delete(hold);
        hold.opened.resolve();
      },
    };
  }

  /** For the scripted model's `onRequest`. */
  async pass(request: ModelRequest): Promise<void> {
    this.requests.push(request);
    const { prompt, toolResults } = turnOf(request);
    for (const hold of this.#holds) {
      if (!prompt.includes(hold.prompt) || toolResults < hold.toolResults) continue;
      hold.reached.resolve(request);
      await hold.opened.promise;
    }
  }

  openAll(): void {
    for (const hold of this.#holds) hold.opened.resolve();
    this.#holds.clear();
  }

  /** Requests of turns whose prompt has this text in it. */
  of(prompt: string): ModelRequest[] {
    return this.requests.filter((request) => turnOf(request).prompt.includes(prompt));
  }
}

/** What the user said last, and how many tool results the turn has had since. */
function turnOf({ body }: ModelRequest): { prompt: string; toolResults: number } {
  const messages = (body.messages ?? []) as { role: string; content: string | Block[] }[];
  let prompt = '';
  let toolResults = 0;
  for (const { role, content } of messages) {
    if (role !== 'user') continue;
    for (const block of typeof content === 'string' ? [{ type: 'text', text: content }] : content) {
      if (block.type === 'tool_result') toolResults += 1;
      if (block.type !== 'text' || block.text === undefined || /^\s*<system-reminder>/.test(block.text)) continue;
      prompt = block.text;
      toolResults = 0;
    }
  }
  return { prompt, toolResults };
}
