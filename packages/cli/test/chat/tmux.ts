/** A real terminal for tests: the program in tmux, its screen as text. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'ash.js');

/** Why there is no terminal to test in; undefined when there is one. */
export const noTmux = existsSync('/usr/bin/tmux') ? undefined : 'tmux is not installed';

export class TmuxTerminal implements Disposable {
  readonly #socket = `ash-test-${randomBytes(6).toString('hex')}`;

  /** Runs `ash` with these arguments; when it has ended the screen says so. */
  constructor(
    args: readonly string[],
    options: { env: Record<string, string>; cwd: string; columns: number; rows: number },
  ) {
    const { env, cwd, columns, rows } = options;
    const variables = Object.entries({ PATH: process.env.PATH ?? '', LANG: 'C.UTF-8', ...env });
    const command = [
      'env',
      '-i',
      ...variables.map(([name, value]) => `${name}=${value}`),
      'TERM=tmux-256color',
      'sh',
      '-c',
      'node=$1; shift; "$node" "$@"; echo "[ended $?]"; cat',
      'sh',
      process.execPath,
      bin,
      ...args,
    ];
    const size = ['-x', String(columns), '-y', String(rows)];
    this.#tmux(
      '-f',
      '/dev/null',
      '-u',
      'new-session',
      '-d',
      '-s',
      'main',
      ...size,
      '-c',
      cwd,
      command.map(quoted).join(' '),
    );
  }

  #tmux(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync('tmux', ['-L', this.#socket, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`tmux ${args[0]}: ${stderr}`);
    return stdout;
  }

  /** What stands on the screen, without empty lines at its end. */
  screen(options: { styled?: boolean; history?: boolean } = {}): string {
    const more = [...(options.styled ? ['-e'] : []), ...(options.history ? ['-S', '-1000'] : [])];
    return this.#tmux('capture-pane', '-p', '-t', 'main', ...more).trimEnd();
  }

  /** Types a text as it is. */
  type(text: string): void {
    this.#tmux('send-keys', '-t', 'main', '-l', text);
  }

  /** Presses keys, by tmux's names for them: `Enter`, `C-c`, `Escape`. */
  press(...keys: string[]): void {
    this.#tmux('send-keys', '-t', 'main', ...keys);
  }

  /** Pastes as a person would, in brackets. */
  paste(text: string): void {
    this.#tmux('set-buffer', text);
    this.#tmux('paste-buffer', '-p', '-t', 'main');
  }

  resize(columns: number, rows: number): void {
    this.#tmux('resize-window', '-t', 'main', '-x', String(columns), '-y', String(rows));
  }

  /** Waits until the screen (with `history` what has scrolled away too) shows a text; what it showed. */
  async shows(text: string | RegExp, options: { history?: boolean } = {}): Promise<string> {
    const patience = AbortSignal.timeout(60_000);
    for (;;) {
      const screen = this.screen(options);
      if (typeof text === 'string' ? screen.includes(text) : text.test(screen)) return screen;
      if (patience.aborted) expect(screen).toContain(text);
      await delay(50);
    }
  }

  [Symbol.dispose](): void {
    spawnSync('tmux', ['-L', this.#socket, 'kill-server']);
  }
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
