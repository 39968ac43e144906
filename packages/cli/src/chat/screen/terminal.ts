/** The terminal of this process as a screen: raw keys in, lines out; put back as it was however the chat ends. */
import { once } from 'node:events';
import { type Key, readKeys } from '../input/keys.ts';

export interface ScreenTerminal {
  readonly columns: number;
  readonly rows: number;
  readonly coloured: boolean;
  write(text: string): void;
  /** Takes the keyboard until disposed. */
  open(listeners: { onKey: (key: Key) => void; onResize: () => void }): Disposable;
  /** Stops this process as Ctrl-Z does; resolves when it goes on. */
  suspend(): Promise<void>;
}

const pasteOn = '\x1b[?2004h';
const pasteOff = '\x1b[?2004l';

/** Whether there is somebody to talk to: keys to read and a screen to draw on. */
export function hasScreen(): boolean {
  return process.stdin.isTTY === true && process.stdout.isTTY === true && process.env.TERM !== 'dumb';
}

/** The terminal of this process. */
export function processTerminal(coloured: boolean): ScreenTerminal {
  const { stdin, stdout } = process;
  const restore = () => void stdout.write(`${pasteOff}\x1b[?25h`);
  return {
    get columns() {
      return stdout.columns > 0 ? stdout.columns : 80;
    },
    get rows() {
      return stdout.rows > 0 ? stdout.rows : 24;
    },
    coloured,
    write: (text) => void stdout.write(text),
    open: ({ onKey, onResize }) => {
      const keys = readKeys(stdin, onKey);
      stdout.write(pasteOn);
      stdout.on('resize', onResize);
      process.on('exit', restore);
      return {
        [Symbol.dispose]: () => {
          process.off('exit', restore);
          stdout.off('resize', onResize);
          keys[Symbol.dispose]();
          restore();
        },
      };
    },
    suspend: async () => {
      restore();
      stdin.setRawMode(false);
      const goesOn = once(process, 'SIGCONT');
      process.kill(process.pid, 'SIGTSTP');
      await goesOn;
      stdin.setRawMode(true);
      stdout.write(pasteOn);
    },
  };
}
