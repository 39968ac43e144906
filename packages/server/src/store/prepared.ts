/**
 * Queries of the hot path, built once: what Kysely needs to build and to print a query (some 25 µs, more than SQLite needs to
 * answer it) is done at the first call, with places where the values will be.
 */
import type { CompiledQuery, Insertable } from 'kysely';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';

/** The place of a value in a query that is being built. */
class Place {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

type Built<R> = { compile(): CompiledQuery<R> };

/** Shapes of one query that are kept; they are few, unless somebody misuses this. */
const maxShapes = 64;

/**
 * A query whose text depends on nothing but its shape.
 *
 * @param build makes the query. Values of `given` may only be handed on to it: they are places, and neither numbers nor texts
 * @returns runs it with the values and answers its rows
 * @example
 * const byId = prepared((db, { id }: { id: string }) => db.selectFrom('sessions').selectAll().where('id', '=', id));
 * const [row] = await byId(db, { id });
 */
export function prepared<G extends object, R>(
  build: (db: Reader, given: G) => Built<R>,
): (db: Reader, given: G) => Promise<R[]> {
  const shaped = preparedBy((db, given: G, _shape: '') => build(db, given));
  return (db, given) => shaped(db, given, '');
}

/** The same for a query that comes in shapes, which have names. @param build may look at the shape, and at nothing else */
export function preparedBy<G extends object, R, S extends string | number>(
  build: (db: Reader, given: G, shape: S) => Built<R>,
): (db: Reader, given: G, shape: S) => Promise<R[]> {
  // By the adapter, which a database has in common with its transactions.
  const known = new WeakMap<object, Map<S, CompiledQuery<R>>>();
  return async (db, given, shape) => {
    const { adapter } = db.getExecutor();
    let shapes = known.get(adapter);
    if (shapes === undefined) {
      shapes = new Map();
      known.set(adapter, shapes);
    }
    let query = shapes.get(shape);
    if (query === undefined) {
      const places = new Proxy({}, { get: (_, name) => new Place(String(name)) }) as G;
      query = build(db, places, shape).compile();
      if (shapes.size < maxShapes) shapes.set(shape, query);
    }
    return await run(db, query, given);
  };
}

/** As many rows have a statement kept for their number. */
const few = 8;
/** Rows a statement: far below the 32,766 parameters of SQLite, and few different statement texts. */
const chunkRows = 100;

/** Stores rows of a table, all of which have these columns. */
export function preparedInsert<T extends keyof Tables & string, C extends keyof Insertable<Tables[T]> & string>(
  table: T,
  columns: readonly C[],
): (tx: Writer, rows: readonly Pick<Insertable<Tables[T]>, C>[]) => Promise<void> {
  type Row = Pick<Insertable<Tables[T]>, C>;
  const insert = (tx: Reader, rows: readonly Row[]) => tx.insertInto(table).values(rows as never);
  const insertFew = preparedBy((tx, given: Record<string, never>, count: number) => {
    const rows = Array.from({ length: count }, (_, index) => columns.map((name) => [name, given[name + index]]));
    return insert(
      tx,
      rows.map((row) => Object.fromEntries(row) as Row),
    );
  });
  return async (tx, rows) => {
    for (let from = 0; from < rows.length; from += chunkRows) {
      const chunk = rows.slice(from, from + chunkRows);
      if (chunk.length > few) await insert(tx, chunk).execute();
      else {
        const values = chunk.flatMap((row, index) => columns.map((name) => [name + index, row[name]]));
        await insertFew(tx, Object.fromEntries(values), chunk.length);
      }
    }
  };
}

async function run<R>(db: Reader, query: CompiledQuery<R>, given: object): Promise<R[]> {
  const values = given as Record<string, unknown>;
  const parameters = query.parameters.map((value) => (value instanceof Place ? values[value.name] : value));
  const { rows } = await db.executeQuery<R>({ ...query, parameters });
  return rows;
}
