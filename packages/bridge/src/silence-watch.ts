/**
 * Notices a runtime that has a turn and says nothing of it: one that was resumed to go on by itself and finds nothing to
 * do, or was given a prompt that it takes for one it had. It is told to go on; when that doesn't help either, it is given up.
 *
 *   expecting ──begin──► watching ──silent──► told ──silent──► given up
 *       └───────────────────┴── heard, end ─────┘
 */
import type { SdkMessage, TurnFailure } from '@ash-ai/shared';

/** For so long nothing is said and no model call is under way, in ms. It counts from when the runtime is up. */
const silentMs = 30_000;

export interface SilenceWatchOptions {
  /** Whether a model call is under way, which may take as long as it likes. */
  calling(): boolean;
  /** Tells the runtime to go on. */
  tell(words: string): void;
  giveUp(why: TurnFailure): void;
}

const continueWords = 'Continue from where you left off.';
const saidNothing: TurnFailure = {
  code: 'runtime_failed',
  error: 'the agent runtime was to go on with the turn, and says nothing of it',
};

export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #expecting = false;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** The runtime will have a turn. */
  expect(): void {
    this.end();
    this.#expecting = true;
  }

  /** It has it: from now on something is to be heard, unless it was already. */
  begin(): void {
    if (!this.#expecting) return;
    this.#wait(() => {
      this.#options.tell(continueWords);
      this.#wait(() => this.#options.giveUp(saidNothing));
    });
  }

  /** The runtime said this in the turn. */
  hear(message: SdkMessage): void {
    if (message.type !== 'command_lifecycle') this.end();
    // This follows a result. Before, the runtime takes the prompt for one that it has had, and does nothing.
    else if (message.state === 'completed') this.begin();
  }

  /** It is alive, or has nothing to say any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#expecting = false;
  }

  #wait(silent: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.#options.calling() ? this.#wait(silent) : silent()), silentMs);
  }
}
