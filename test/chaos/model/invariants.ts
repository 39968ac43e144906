/** What must hold in every state of the model. */
import type { Entry, State } from './state.ts';

/** What is broken in a state; undefined when nothing is. */
export function broken(state: State): string | undefined {
  const { log, shown, status, effects, bridge } = state;
  for (const turn of status.keys()) {
    const mine = log.filter((entry) => entry.turn === turn);
    const of = (kind: Entry['kind']): Entry[] => mine.filter((entry) => entry.kind === kind);
    if (of('accepted').length !== (status[turn] === 'new' ? 0 : 1))
      return `P1: turn ${turn} is accepted ${of('accepted').length} times`;
    if (of('started').length > 1) return `P1: turn ${turn} is started twice`;
    const isEnd = (entry: Entry | undefined): boolean =>
      entry?.kind === 'lost' || (entry?.kind === 'frame' && entry.index === state.frames[turn]);
    const ends = mine.filter(isEnd).length;
    if (ends !== (status[turn] === 'ended' ? 1 : 0)) return `P1: turn ${turn} is ${status[turn]} and has ${ends} ends`;
    if (ends === 1 && !isEnd(mine.at(-1))) return `P3: turn ${turn} goes on after its end`;
    if ((effects[turn] ?? 0) > 1) return `P1: the tool of turn ${turn} ran ${effects[turn]} times`;
    const indexes = mine.flatMap((entry) => (entry.kind === 'frame' ? [entry.index] : []));
    if (indexes.some((index, place) => index !== place)) return `P3: the log has the frames ${indexes} of turn ${turn}`;
  }
  if (shown.some((entry, place) => JSON.stringify(entry) !== JSON.stringify(log[place])))
    return 'P4: a reader was shown what the log does not have';
  const spooled = new Set(bridge?.spool.map(({ n }) => n));
  const committed = state.frame.life === bridge?.life ? state.frame.n : 0;
  for (let n = committed + 1; n <= (bridge?.lastN ?? 0); n += 1) {
    if (!spooled.has(n)) return `P5: frame ${n} is neither committed nor in the spool`;
  }
  if (state.staleWrites > 0) return 'a write of an owner whose lease was gone got in';
  const epochs = state.servers.flatMap((server) => (server === null || server.epoch === 0 ? [] : [server.epoch]));
  if (new Set(epochs).size < epochs.length) return 'two owners have one epoch';
  return undefined;
}

/** Where everything has come to its end: nothing is accepted that has not ended, and readers have it all. */
export function isOver({ status, shown, log }: State): boolean {
  return status.every((turn) => turn === 'ended') && shown.length === log.length;
}
