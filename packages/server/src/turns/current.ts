/** The turn that a lane has in hand, and how far it has come. */
import type { TurnContent, TurnFailure } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { TurnRow } from '../store/turns.ts';

export interface Turn {
  id: string;
  content: TurnContent;
  options: TurnOptions;
}

export interface Current extends Turn {
  interrupted: boolean;
  /** Whether the sandbox that is there may have got it. */
  given: boolean;
  /** Why the runtime that had it is gone, as far as that could be told. */
  cut?: TurnFailure | undefined;
  /** Whether it does nothing but wait for answers, all of them asked for in the log. */
  waits: boolean;
  /** Whether its sandbox was put to sleep while it waits. */
  resting: boolean;
  /** Whether no runtime was ever there for it, since it began or was to go on: nothing is lost. */
  unbegun: boolean;
  /** Whether its end is committed. */
  ended: boolean;
  /** Resolves when it has ended, its sandbox is lost, or this server lets go of it. */
  over: PromiseWithResolvers<void>;
}

export function currentOf(turn: Turn, { given }: { given: boolean }): Current {
  return {
    ...turn,
    interrupted: false,
    given,
    waits: false,
    resting: false,
    unbegun: false,
    ended: false,
    over: Promise.withResolvers<void>(),
  };
}

export function toTurn(row: TurnRow): Turn {
  const { content } = row.input as { content: TurnContent };
  return { id: row.id, content, options: row.options as TurnOptions };
}
