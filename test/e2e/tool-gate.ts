/** A tool call that waits in the sandbox until the test lets it go, and leaves marks that tell how often it ran. */
import { closeSync, constants, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ToolCall } from '@ash-ai/scripted-model';
import { type Ash, until } from './harness.ts';

export class ToolGate {
  /** For a script: writes the mark `begun`, waits, writes the mark `ended`. Its result are all marks. */
  readonly tool: ToolCall;
  readonly #dir: string;
  readonly #name: string;

  constructor(ash: Ash, sessionId: string, name = 'gate') {
    this.#dir = ash.workspace(sessionId);
    this.#name = name;
    const command = `mkfifo ${name}; echo begun >> ${name}.marks; cat ${name} >> ${name}.passed; echo ended >> ${name}.marks; cat ${name}.marks`;
    this.tool = { name: 'Bash', input: { command } };
  }

  /** What the tool has left so far. */
  get marks(): string {
    const path = join(this.#dir, `${this.#name}.marks`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Resolves when the tool runs and waits. */
  async running(): Promise<void> {
    await until(() => this.marks === 'begun\n');
  }

  /** Lets it go on. A FIFO can be opened like this only while somebody reads it. */
  async open(): Promise<void> {
    let fifo: number | undefined;
    await until(() => {
      try {
        fifo = openSync(join(this.#dir, this.#name), constants.O_WRONLY | constants.O_NONBLOCK);
        return true;
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && (cause.code === 'ENXIO' || cause.code === 'ENOENT'))
          return false;
        throw cause;
      }
    });
    if (fifo === undefined) return;
    writeSync(fifo, 'go\n');
    closeSync(fifo);
  }
}
