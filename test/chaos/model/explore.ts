/** Visits every state of the model within its bounds, breadth first, so that what is found broken is found in the fewest steps. */
import { steps, type Variant } from './actions.ts';
import { broken, isOver } from './invariants.ts';
import { type Bounds, initial, type State } from './state.ts';

export interface Exploration {
  states: number;
  /** The invariant that a state breaks, and the actions that lead there. */
  violation: { what: string; path: string[] } | undefined;
}

export function explore(bounds: Bounds, variant?: Variant, maxStates = 2_000_000): Exploration {
  const first = initial(bounds);
  const ids = new Map<string, number>([[JSON.stringify(first), 0]]);
  const from: { before: number; action: string }[] = [{ before: -1, action: '' }];
  /** Predecessors of each state, to find the states from which nothing comes to its end. */
  const predecessors: number[][] = [[]];
  const over: number[] = [];
  let frontier: { id: number; state: State }[] = [{ id: 0, state: first }];
  const pathTo = (id: number): string[] => {
    const path: string[] = [];
    for (let at = id; at > 0; at = from[at]?.before ?? 0) path.unshift(from[at]?.action ?? '');
    return path;
  };
  while (frontier.length > 0) {
    const next: typeof frontier = [];
    for (const { id, state } of frontier) {
      if (isOver(state)) over.push(id);
      for (const { action, next: reached } of steps(state, variant)) {
        const key = JSON.stringify(reached);
        let known = ids.get(key);
        if (known === undefined) {
          known = ids.size;
          if (known >= maxStates) throw new Error(`more than ${maxStates} states`);
          ids.set(key, known);
          from.push({ before: id, action });
          predecessors.push([]);
          const what = broken(reached);
          if (what !== undefined) return { states: ids.size, violation: { what, path: pathTo(known) } };
          next.push({ id: known, state: reached });
        }
        predecessors[known]?.push(id);
      }
    }
    frontier = next;
  }
  const stuck = unableToEnd(predecessors, over);
  return {
    states: ids.size,
    violation:
      stuck === undefined
        ? undefined
        : { what: 'P6: from here nothing comes to its end any more', path: pathTo(stuck) },
  };
}

/** A state from which no state is reached in which all is over. */
function unableToEnd(predecessors: readonly number[][], over: readonly number[]): number | undefined {
  const can = new Uint8Array(predecessors.length);
  const todo = [...over];
  for (const id of over) can[id] = 1;
  for (let id = todo.pop(); id !== undefined; id = todo.pop()) {
    for (const before of predecessors[id] ?? []) {
      if (can[before] === 1) continue;
      can[before] = 1;
      todo.push(before);
    }
  }
  const stuck = can.indexOf(0);
  return stuck === -1 ? undefined : stuck;
}
