/** The command line of `npm run chaos`. */
import { parseArgs } from 'node:util';
import { type HistoryKind, histories } from './kinds.ts';

export const usage = `npm run chaos -- [options]
  --seed S          what everything is drawn from; default: the time
  --histories N     how many histories (default 36)
  --minutes M       begin new histories until so many minutes have passed, however many that are
  --kind quick      with a stand-in for the agent runtime's executable, which is most of what a history costs; all else is real
  --batch K         only this batch of the seed: the replay of a failure
  --db postgres     on PostgreSQL, with restarts of it among the faults
  --parallel P      histories at once (default 4; 16 quick ones)
  --mutations       break the code on purpose in each of the known ways; --mutations=NAME,NAME in these
  --sessions N      so many sessions on one server, with --turns T each (default 5), under random kills
  --memory          does the server's memory stay flat: --turns T (default 2000) and --connects C (default 1000)
  --report          write docs/durability-report.md from what the last runs of each kind found`;

export interface Options {
  seed: string;
  histories: number;
  minutes: number | undefined;
  batch: number | undefined;
  database: 'sqlite' | 'postgres';
  kind: HistoryKind;
  parallel: number;
  /** Which mutations; undefined: none. */
  mutations: 'all' | string | undefined;
  sessions: number | undefined;
  turns: number | undefined;
  memory: boolean;
  connects: number;
  report: boolean;
  help: boolean;
}

/** @throws Error with a sentence for the user */
export function readOptions(args: string[]): Options {
  const list = args.map((arg) => (arg === '--mutations' ? '--mutations=all' : arg));
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: list,
    options: {
      ...{
        seed: text,
        histories: text,
        minutes: text,
        batch: text,
        db: text,
        kind: text,
        parallel: text,
        mutations: text,
      },
      ...{ sessions: text, turns: text, memory: flag, connects: text, report: flag, help: flag },
    },
  });
  const number = (
    name: 'histories' | 'minutes' | 'batch' | 'parallel' | 'sessions' | 'turns' | 'connects',
  ): number | undefined => {
    const given = values[name];
    if (given === undefined) return undefined;
    if (!/^\d+(\.\d+)?$/.test(given)) throw new Error(`--${name} takes a number, not "${given}"`);
    return Number(given);
  };
  const { db = 'sqlite', kind = 'whole' } = values;
  if (kind !== 'whole' && kind !== 'quick') throw new Error('--kind is whole or quick');
  if (db !== 'sqlite' && db !== 'postgres') throw new Error('--db is sqlite or postgres');
  return {
    seed: values.seed ?? new Date().toISOString().slice(0, 19),
    histories: number('histories') ?? 36,
    minutes: number('minutes'),
    batch: number('batch'),
    database: db,
    kind,
    parallel: number('parallel') ?? histories[kind].parallel,
    mutations: values.mutations,
    sessions: number('sessions'),
    turns: number('turns'),
    memory: values.memory ?? false,
    connects: number('connects') ?? 1000,
    report: values.report ?? false,
    help: values.help ?? false,
  };
}
