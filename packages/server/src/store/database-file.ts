/** An embedded database as a file: what doctor, backup and restore ask of it, beside a server or without one. */
import { DatabaseSync } from 'node:sqlite';
import { copy, integrityOf } from './migrate-safely.ts';
import { migrations } from './migrations/all.ts';

/** What there is to know of a session whose files are looked at. */
export interface SessionLine {
  id: string;
  tenantId: string;
  status: string;
  lastSeq: number;
  /** 1 once it has had a turn. */
  runtimeStarted: number;
  /** Content address of its agent version's folder. */
  hash: string;
}

/** A database that is only read; a server may be writing to it. */
export class DatabaseFile implements Disposable {
  readonly #database: DatabaseSync;

  /** @throws Error when there is no database at the path, or none that can be read */
  constructor(path: string) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 30_000 });
  }

  /** `ok`, or what is broken. */
  integrity(): string {
    return integrityOf(this.#database);
  }

  /** Number of its schema, when that is newer than this version of Ash knows. */
  newerSchema(): number | undefined {
    const { newest } = this.#database.prepare('select max(number) as newest from migrations').get() as {
      newest: number;
    };
    return newest > (migrations.at(-1)?.number ?? 0) ? newest : undefined;
  }

  /** Writes a copy that is consistent whatever a server writes meanwhile. */
  copyTo(path: string): void {
    copy(this.#database, path);
  }

  sessions(): SessionLine[] {
    const query = `select s.id, s.tenant_id as tenantId, s.status, s.last_seq as lastSeq,
      s.runtime_started as runtimeStarted, v.hash
      from sessions s join agent_versions v on v.id = s.agent_version_id order by s.id`;
    return this.#database.prepare(query).all() as unknown as SessionLine[];
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}
