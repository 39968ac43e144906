/**
 * A way to a real PostgreSQL that loses commits: the database has committed, or was never asked to, and whoever asked for it
 * hears of neither.
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file name of PostgreSQL's socket in its folder. */
const socketName = '.s.PGSQL.5432';

export class LossyPostgres implements AsyncDisposable {
  /** The database's URL by this way. */
  readonly url: string;
  /** Commits whose answers got lost, or that got lost themselves. */
  lost = 0;
  readonly #folder = mkdtempSync(join(tmpdir(), 'ash-lossy-'));
  readonly #sockets = new Set<Socket>();
  readonly #server;
  /** What a transaction says whose answer is to get lost. */
  #toLose: string | undefined;
  #toStop = false;

  private constructor(url: string) {
    const through = new URL(url);
    const target = join(through.searchParams.get('host') ?? '', socketName);
    through.searchParams.set('host', this.#folder);
    this.url = through.href;
    this.#server = createServer((client) => this.#join(client, connect(target)));
  }

  static async to(url: string): Promise<LossyPostgres> {
    const way = new LossyPostgres(url);
    await new Promise<void>((resolve) => way.#server.listen(join(way.#folder, socketName), resolve));
    return way;
  }

  /** The answer to the next commit gets lost, and its connection with it. @param saying of a transaction with this text in it */
  loseNext(saying = ''): void {
    this.#toLose = saying;
  }

  /** The next commit doesn't get through, and its connection breaks: nothing of the transaction happens. */
  stopNext(): void {
    this.#toStop = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #join(client: Socket, database: Socket): void {
    let losing = false;
    let transaction = '';
    const both = [client, database];
    for (const socket of both) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        for (const end of both) end.destroy();
      });
    }
    client.on('data', (asked) => {
      if (asked.includes('begin\0')) transaction = '';
      transaction += asked.toString('latin1');
      if (this.#toLose !== undefined && asked.includes('commit\0') && transaction.includes(this.#toLose)) {
        this.#toLose = undefined;
        losing = true;
      }
      if (this.#toStop && asked.includes('commit\0')) {
        this.#toStop = false;
        this.lost += 1;
        client.destroy();
        return;
      }
      database.write(asked);
    });
    database.on('data', (answer) => {
      if (!losing) client.write(answer);
      else if (answer.includes('COMMIT\0')) {
        this.lost += 1;
        client.destroy();
      }
    });
  }
}
