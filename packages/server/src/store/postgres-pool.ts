/** Between `pg` and Kysely: bigint columns as numbers, texts checked, lost connections as {@link StoreUnavailable}. */
import type { PostgresPool, PostgresPoolClient } from 'kysely';
import { type CustomTypesConfig, DatabaseError, type Pool, type PoolClient, types } from 'pg';
import { refuseUnstorable, StoreUnavailable, UnstorableText } from './errors.ts';

const INT8 = 20;
const NUMERIC = 1700;

/** Counters and sums come back as numbers; none of ours comes near 2^53. */
export const numbersForBigints: CustomTypesConfig = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 || oid === NUMERIC ? Number : types.getTypeParser(oid, format ?? 'text'),
};

/**
 * True when PostgreSQL gave a transaction up that may simply run again: a serialization failure, a deadlock, or two turns
 * of a session started at the same moment (the second run sees the first one's turn).
 */
export function isConflict(error: unknown): boolean {
  if (!(error instanceof DatabaseError)) return false;
  return error.code === '40001' || error.code === '40P01' || error.constraint === 'turns_one_running';
}

/** The pool as Kysely wants it. Every client is wrapped once, because Kysely knows its connections by client. */
export function kyselyPool(pool: Pool): PostgresPool {
  const wrapped = new WeakMap<PoolClient, PostgresPoolClient>();
  return {
    options: pool.options,
    end: () => pool.end(),
    connect: async () => {
      try {
        const client = await pool.connect();
        const known = wrapped.get(client) ?? wrapClient(client);
        wrapped.set(client, known);
        return known;
      } catch (error) {
        throw fromPostgres(error);
      }
    },
  };
}

function wrapClient(client: PoolClient): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      refuseUnstorable(parameters);
      return await client.query(text, [...parameters]);
    } catch (error) {
      throw fromPostgres(error);
    }
  };
  return {
    // The store never uses cursors, the other way to call `query`.
    query: query as unknown as PostgresPoolClient['query'],
    release: (destroy) => client.release(destroy),
  };
}

/** Turns passing troubles into {@link StoreUnavailable}; anything else comes back as it is. */
function fromPostgres(error: unknown): unknown {
  if (error instanceof DatabaseError) {
    const code = error.code ?? '';
    if (code === '53100') return new StoreUnavailable('disk_full', { cause: error });
    // 08 connection, 53 out of resources, 57P0x shutting down, crashed or starting up
    const passing = code.startsWith('08') || code.startsWith('53') || code.startsWith('57P0');
    return passing ? new StoreUnavailable('connection', { cause: error }) : error;
  }
  // What is left is the network or `pg` saying that the connection is gone, but for mistakes in a call.
  const mistake = error instanceof TypeError || error instanceof RangeError || error instanceof UnstorableText;
  return mistake ? error : new StoreUnavailable('connection', { cause: error });
}
