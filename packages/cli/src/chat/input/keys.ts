/** What is typed, as keys and pasted texts. */
import { emitKeypressEvents, type Interface, type Key as NodeKey } from 'node:readline';

/** A key, or a text that was pasted as a whole. */
export type Key =
  | { kind: 'key'; name: string; text: string; ctrl: boolean; meta: boolean }
  | { kind: 'paste'; text: string };

/** How long after Esc its sequence may still come, in ms; a lone Esc takes effect after it. */
const escapeMs = 50;
/** A paste that never ends is cut here, in characters. */
const longestPaste = 1_000_000;

/** Turns what Node makes of the bytes into keys; gathers what is pasted (bracketed paste, mode 2004). */
export class KeyReader {
  readonly #emit: (key: Key) => void;
  #pasted: string | undefined;

  constructor(emit: (key: Key) => void) {
    this.#emit = emit;
  }

  take(text: string | undefined, key: NodeKey): void {
    if (key.name === 'paste-start') this.#pasted = '';
    else if (this.#pasted !== undefined) {
      const over = this.#pasted.length > longestPaste;
      if (key.name !== 'paste-end' && !over) this.#pasted += key.sequence ?? text ?? '';
      else {
        const whole = this.#pasted.replace(/\r\n?/g, '\n');
        this.#pasted = undefined;
        this.#emit({ kind: 'paste', text: whole });
      }
    } else if (key.name !== 'paste-end') {
      const printable = text !== undefined && !/[\x00-\x1f\x7f]/.test(text) && key.ctrl !== true && key.meta !== true;
      const ctrl = key.ctrl === true;
      this.#emit({ kind: 'key', name: key.name ?? '', text: printable ? text : '', ctrl, meta: key.meta === true });
    }
  }
}

/** Reads keys from a terminal in raw mode until disposed. */
export function readKeys(input: NodeJS.ReadStream, emit: (key: Key) => void): Disposable {
  // Of the interface only the timeout is read.
  emitKeypressEvents(input, { escapeCodeTimeout: escapeMs } as unknown as Interface);
  const reader = new KeyReader(emit);
  const onKey = (text: string | undefined, key: NodeKey) => reader.take(text, key);
  input.on('keypress', onKey);
  input.setRawMode(true);
  input.resume();
  return {
    [Symbol.dispose]: () => {
      input.off('keypress', onKey);
      input.setRawMode(false);
      input.pause();
    },
  };
}
