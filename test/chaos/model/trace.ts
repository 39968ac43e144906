/** Whether what really happened is something that the model does: a log must be the trace of a path through it. */
import { type Step, steps } from './actions.ts';
import { type Entry, initial, type State } from './state.ts';

/** What a log tells, entry by entry, in the words of the model; `end` is the turn's end as its bridge told it. */
export type Label = { kind: 'accepted' | 'started' | 'said' | 'end' | 'lost'; turn: number };

/** How many silent steps may lie between two entries. */
const maxSilent = 14;
/** Ways to explain a log that are kept in mind at once. */
const maxWays = 8;

/**
 * Follows a trace through the model, with one server at a time.
 * @param crashes how many processes were killed: a log that needs more of them to be explained is not explained
 * @returns the index of the first label that no path leads over; undefined when there is a path
 */
export function unexplained(labels: readonly Label[], { crashes }: { crashes: number }): number | undefined {
  const turns = Math.max(0, ...labels.map(({ turn }) => turn + 1));
  const frames = Array.from({ length: turns }, (_, turn) => {
    const said = labels.filter((label) => label.kind === 'said' && label.turn === turn).length;
    // One that was lost had more to say.
    return labels.some((label) => label.kind === 'lost' && label.turn === turn) ? said + 1 : said;
  });
  let ways: State[] = [initial({ turns, crashes, frames })];
  for (const [index, label] of labels.entries()) {
    ways = over(ways, label);
    if (ways.length === 0) return index;
  }
  return undefined;
}

/** A way with a death in it may be shorter than one without: so many steps more are looked at. */
const moreSilent = 2;

/** The states in which a label has just become true, by few silent steps and few deaths. */
function over(ways: readonly State[], label: Label): State[] {
  let frontier = [...ways];
  const known = new Set(frontier.map(keyOf));
  const found: State[] = [];
  let last = maxSilent;
  for (let silent = 0; silent <= last && frontier.length > 0; silent += 1) {
    const next: State[] = [];
    for (const state of frontier) {
      for (const step of steps(state)) {
        if (ofSecondServer(step)) continue;
        const entry = step.next.log[state.log.length];
        if (entry !== undefined) {
          if (step.next.log.length === state.log.length + 1 && matches(entry, label, step.next)) found.push(step.next);
          continue;
        }
        const key = keyOf(step.next);
        if (known.has(key)) continue;
        known.add(key);
        next.push(step.next);
      }
    }
    if (found.length > 0 && last === maxSilent) last = silent + moreSilent;
    frontier = next;
  }
  // Those that spent fewer deaths have more that can still happen.
  return distinct(found)
    .sort((a, b) => b.crashes - a.crashes)
    .slice(0, maxWays);
}

function ofSecondServer({ action }: Step): boolean {
  return /\bserver 1\b/.test(action);
}

function matches(entry: Entry, { kind, turn }: Label, { frames }: State): boolean {
  if (entry.turn !== turn) return false;
  if (entry.kind !== 'frame') return entry.kind === kind;
  return kind === (entry.index === frames[turn] ? 'end' : 'said');
}

function distinct(states: readonly State[]): State[] {
  return [...new Map(states.map((state) => [keyOf(state), state])).values()];
}

/** States that can do the same from here on. */
function keyOf({ log: _log, shown: _shown, lives: _lives, ...rest }: State): string {
  return JSON.stringify(rest);
}
