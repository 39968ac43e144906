/** What the store throws on purpose. Everything else that comes out of it is a bug. */

/** Why the database cannot be used now. */
export type UnavailableReason = 'connection' | 'disk_full' | 'busy' | 'io';

/**
 * The database cannot be used at the moment; the same call may work later.
 *
 * `uncertain` is true when the connection was lost while committing: the write may or may not be there, so only an
 * idempotent write (a numbered frame, an idempotency key) may be repeated blindly. Otherwise nothing was written.
 */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
  readonly retryable = true;
  readonly reason: UnavailableReason;
  readonly uncertain: boolean;

  constructor(reason: UnavailableReason, options: { cause?: unknown; uncertain?: boolean } = {}) {
    super(`The database is not available (${reason}).`, { cause: options.cause });
    this.reason = reason;
    this.uncertain = options.uncertain ?? false;
  }
}

/**
 * A text that not every database can hold unchanged: it has U+0000 or half of a surrogate pair. Inside JSON both are
 * fine, because JSON text escapes them; a plain text column refuses them on both dialects alike.
 */
export class UnstorableText extends Error {
  override readonly name = 'UnstorableText';

  constructor(what: 'U+0000' | 'an unpaired surrogate') {
    super(`A text with ${what} cannot be stored.`);
  }
}

/** The database was written by a newer Ash than this one. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';

  constructor(found: number, known: number) {
    super(
      `The database has schema ${found}, this server knows schemas up to ${known}. ` +
        `Start the newer version of Ash, or restore a backup from before the upgrade.`,
    );
  }
}

/** The schema could not be brought up to date; the database is as it was. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';

  constructor(numbers: readonly number[], options: { cause: unknown }) {
    const { cause } = options;
    const which = numbers.length === 0 ? '' : ` to schema ${Math.max(...numbers)}`;
    super(
      `The database could not be migrated${which}: ${cause instanceof Error ? cause.message : String(cause)}. ` +
        `It was tried on a copy, and nothing was changed: the version of Ash before this one still opens it.`,
      options,
    );
  }
}

/** Throws {@link UnstorableText} when a bound parameter is a text that cannot be stored unchanged. */
export function refuseUnstorable(parameters: readonly unknown[]): void {
  for (const value of parameters) {
    if (typeof value !== 'string') continue;
    if (value.includes('\0')) throw new UnstorableText('U+0000');
    if (!value.isWellFormed()) throw new UnstorableText('an unpaired surrogate');
  }
}
