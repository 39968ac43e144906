/**
 * The channels to the wall, inherited from the server that launched both: 3 stdin, 4 stdout, 5 stderr of the runtime,
 * 6 the command to run inside, 7 the wall's status, 8 the leash (while it is open, the wall lives).
 */
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { LineSplitter } from '@ash-ai/shared';
import { LogLines } from './log-lines.ts';
import { RuntimeLines, type WrittenEvent } from './runtime-lines.ts';

interface WallEvents {
  exit: [number | null, NodeJS.Signals | null];
  error: [Error];
  /** A line that the runtime wrote to stderr; too long and too many ones are cut. */
  line: [string];
}

/** The process inside the wall, in the shape that the Agent SDK wants of a child process. */
export class Wall extends EventEmitter<WallEvents> {
  readonly stdin: Writable;
  readonly stdout: Readable;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  killed = false;
  /** Why the runtime was ended for what it wrote. */
  broken: string | undefined;
  /** Events whose places in the messages the SDK has not come to yet, as they were written. */
  readonly #events: WrittenEvent[] = [];
  readonly #command: Socket;
  readonly #leash: Socket;
  #stderrTail = '';

  /** @param room resolves when more of what the runtime writes can be taken; undefined when that is now */
  constructor(room: () => Promise<unknown> | undefined) {
    super();
    const [stdin, stdout, stderr, command, status, leash] = [3, 4, 5, 6, 7, 8].map((fd) => new Socket({ fd })) as [
      Socket,
      Socket,
      Socket,
      Socket,
      Socket,
      Socket,
    ];
    this.stdin = stdin;
    const lines = new RuntimeLines({
      room,
      broken: (reason) => {
        this.broken = reason;
        this.kill();
      },
      note: (text) => this.emit('line', text),
      preview: (event) => this.#events.push(event),
    });
    // The pipe doesn't pass on a break of the channel.
    stdout.once('close', () => lines.end());
    this.stdout = stdout.pipe(lines);
    this.#command = command;
    this.#leash = leash;
    // The other end may go at any moment; its going is reported by the status channel.
    for (const socket of [stdin, stdout, stderr, command, status, leash]) socket.on('error', () => undefined);
    const heard = new LogLines((line) => this.emit('line', line));
    stderr.on('close', () => heard.end());
    stderr.on('data', (chunk: Buffer) => {
      heard.push(chunk);
      this.#stderrTail = (this.#stderrTail + chunk.toString('utf8')).slice(-4096);
    });
    this.#watch(status);
  }

  /** The last 4 kB of what the runtime wrote to stderr. */
  get stderrTail(): string {
    return this.#stderrTail.trim();
  }

  /** The event in whose place the SDK gave an empty one. */
  takeEvent(): WrittenEvent {
    const event = this.#events.shift();
    if (event === undefined) throw new Error('an event of which the wall does not know');
    return event;
  }

  /**
   * Runs the one command that this wall is for, unless it runs already.
   * @param headStart SHA-256 of what was started in it; anything else than the command is ended
   */
  start(command: string, headStart?: string): void {
    if (headStart === undefined) this.#command.end(command);
    else if (createHash('sha256').update(command).digest('hex') !== headStart) this.kill();
    // One that has ended before, a runtime with a head start say, would never be heard of: nobody listened then.
    if (this.#hasEnded) setImmediate(() => this.#tellEnd());
  }

  get #hasEnded(): boolean {
    return this.exitCode !== null || this.signalCode !== null;
  }

  /** Ends everything inside. The leash knows one signal only. */
  kill(_signal?: NodeJS.Signals): boolean {
    if (this.#hasEnded) return false;
    this.killed = true;
    this.#leash.destroy();
    return true;
  }

  #watch(status: Socket): void {
    const lines = new LineSplitter(64 * 1024);
    let code: number | undefined;
    status.on('data', (chunk: Buffer) => {
      try {
        for (const line of lines.push(chunk)) code = exitCodeOf(line) ?? code;
      } catch {
        // Not what bubblewrap writes: the wall can't be trusted any more.
        this.kill();
      }
    });
    status.once('close', () => this.#ended(code));
  }

  #ended(code: number | undefined): void {
    this.#leash.destroy();
    if (code === undefined || (code > 128 && code <= 128 + 64)) this.signalCode = code === 143 ? 'SIGTERM' : 'SIGKILL';
    else this.exitCode = code;
    this.#tellEnd();
  }

  #tellEnd(): void {
    this.emit('exit', this.exitCode, this.signalCode);
  }
}

function exitCodeOf(line: string): number | undefined {
  const status: unknown = JSON.parse(line);
  if (typeof status !== 'object' || status === null || !('exit-code' in status)) return undefined;
  return typeof status['exit-code'] === 'number' ? status['exit-code'] : undefined;
}
