/** The text that is being typed: several lines, a cursor, and what was sent before. Pure. */
import { graphemes } from '../screen/harmless.ts';
import type { Key } from './keys.ts';

const longestHistory = 200;

export class Editor {
  text = '';
  /** Place of the cursor in the text. */
  at = 0;
  #history: string[] = [];
  #shown: number | undefined;
  #draft = '';

  /** Puts a text in place of what is there. */
  set(text: string): void {
    this.text = text;
    this.at = text.length;
  }

  /** Takes the text out and remembers it. */
  take(): string {
    const { text } = this;
    if (text.trim() !== '' && this.#history.at(-1) !== text)
      this.#history = [...this.#history, text].slice(-longestHistory);
    this.#shown = undefined;
    this.set('');
    return text;
  }

  /** Obeys a key; `submit` when the text is to be sent, `ignored` when the key means nothing here. */
  edit(key: Key): 'submit' | 'changed' | 'ignored' {
    if (key.kind === 'paste') return this.#insert(key.text);
    const { name, ctrl, meta } = key;
    if (name === 'return' && !meta) return this.#enter();
    const edited = ctrl ? this.#control(name) : meta ? this.#meta(name) : this.#plain(name);
    if (edited !== undefined) return edited;
    return key.text === '' ? 'ignored' : this.#insert(key.text);
  }

  /** Enter sends; after a backslash it breaks the line. */
  #enter(): 'submit' | 'changed' {
    if (this.text[this.at - 1] !== '\\') return 'submit';
    this.at--;
    return this.#replace(1, '\n');
  }

  #plain(name: string) {
    switch (name) {
      case 'enter':
        return this.#insert('\n');
      case 'left':
        return this.#move(this.#before());
      case 'right':
        return this.#move(this.#after());
      case 'up':
        return this.#vertical(-1);
      case 'down':
        return this.#vertical(1);
      case 'home':
        return this.#move(this.#lineStart());
      case 'end':
        return this.#move(this.#lineEnd());
      case 'backspace':
        return this.#deleteTo(this.#before());
      case 'delete':
        return this.#deleteTo(this.#after());
      default:
        return undefined;
    }
  }

  #control(name: string) {
    switch (name) {
      case 'a':
        return this.#move(this.#lineStart());
      case 'e':
        return this.#move(this.#lineEnd());
      case 'b':
        return this.#move(this.#before());
      case 'f':
        return this.#move(this.#after());
      case 'p':
        return this.#vertical(-1);
      case 'n':
        return this.#vertical(1);
      case 'left':
        return this.#move(this.#wordBefore());
      case 'right':
        return this.#move(this.#wordAfter());
      case 'h':
        return this.#deleteTo(this.#before());
      case 'd':
        return this.#deleteTo(this.#after());
      case 'w':
        return this.#deleteTo(this.#wordBefore());
      case 'u':
        return this.#deleteTo(this.#lineStart());
      case 'k':
        return this.#deleteTo(this.#lineEnd());
      default:
        return undefined;
    }
  }

  #meta(name: string) {
    switch (name) {
      case 'return':
      case 'enter':
        return this.#insert('\n');
      case 'b':
      case 'left':
        return this.#move(this.#wordBefore());
      case 'f':
      case 'right':
        return this.#move(this.#wordAfter());
      case 'd':
        return this.#deleteTo(this.#wordAfter());
      case 'backspace':
        return this.#deleteTo(this.#wordBefore());
      default:
        return undefined;
    }
  }

  #insert(text: string): 'changed' {
    return this.#replace(0, text);
  }

  #replace(length: number, text: string): 'changed' {
    this.text = this.text.slice(0, this.at) + text + this.text.slice(this.at + length);
    this.at += text.length;
    return 'changed';
  }

  #deleteTo(to: number): 'changed' {
    const [from, end] = to < this.at ? [to, this.at] : [this.at, to];
    this.text = this.text.slice(0, from) + this.text.slice(end);
    this.at = from;
    return 'changed';
  }

  #move(to: number): 'changed' {
    this.at = to;
    return 'changed';
  }

  #before(): number {
    return this.at - (graphemes(this.text.slice(0, this.at)).at(-1)?.length ?? 0);
  }

  #after(): number {
    return this.at + (graphemes(this.text.slice(this.at))[0]?.length ?? 0);
  }

  #wordBefore(): number {
    return /(?:[\p{L}\p{N}_]+|[^\p{L}\p{N}_]+)?[^\p{L}\p{N}_]*$/u.exec(this.text.slice(0, this.at))?.index ?? 0;
  }

  #wordAfter(): number {
    return this.at + (/^[^\p{L}\p{N}_]*[\p{L}\p{N}_]*/u.exec(this.text.slice(this.at))?.[0].length ?? 0);
  }

  #lineStart(): number {
    return this.text.lastIndexOf('\n', this.at - 1) + 1;
  }

  #lineEnd(): number {
    const end = this.text.indexOf('\n', this.at);
    return end < 0 ? this.text.length : end;
  }

  /** To the line above or below; from the first and the last one into what was sent before. */
  #vertical(step: -1 | 1): 'changed' {
    const start = this.#lineStart();
    const column = this.at - start;
    const neighbour = step < 0 ? start - 1 : this.#lineEnd() + 1;
    if (neighbour < 0 || neighbour > this.text.length) return this.#recall(step);
    const from = step < 0 ? this.text.lastIndexOf('\n', neighbour - 1) + 1 : neighbour;
    const end = this.text.indexOf('\n', from);
    return this.#move(Math.min(from + column, end < 0 ? this.text.length : end));
  }

  #recall(step: -1 | 1): 'changed' {
    if (this.#shown === undefined && step > 0) return 'changed';
    const next = (this.#shown ?? this.#history.length) + step;
    if (next < 0) return 'changed';
    if (this.#shown === undefined) this.#draft = this.text;
    this.#shown = next >= this.#history.length ? undefined : next;
    this.set(this.#shown === undefined ? this.#draft : (this.#history[this.#shown] ?? ''));
    return 'changed';
  }
}
