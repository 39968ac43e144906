/**
 * Markdown that is still being written: what can no longer change is handed out once, as blocks to print for good; the
 * rest is the open end, which is drawn again until it is finished.
 * ```
 *   text ──► open end ──a block follows──► finished block      ```fence ──► finished line by line ──► fence closed
 * ```
 * How the text was cut into pieces makes no difference.
 */
import { lexer, type Token, type Tokens } from 'marked';
import type { Block, Line } from '../screen/line.ts';
import type { Look } from './look.ts';
import { codeLabel, codeLine, markdownLines } from './render.ts';

/** A fence at the beginning of a line is never part of a list or a paragraph. */
const fence = /^(`{3,}|~{3,})([^\n`]*)\n/m;
/** A last line of which it isn't clear yet what it begins: a fence, an item of a list, a rule. */
const undecided = /(?:^|\n)(?:[`~][^\n]*|[ \t]*(?:\d{1,9}[.)]?|[-+*_=|>#:]+)[ \t]*)$/;

type Kind = 'nothing' | 'block' | 'bullet' | 'number';

export class MarkdownStream {
  readonly #look: Look;
  #open = '';
  #fence: { mark: string; language: string } | undefined;
  /** What was handed out last; an item of a list stands close to the one before it, unless they are loose. */
  #last: Kind = 'nothing';

  constructor(look: Look, from?: MarkdownStream) {
    this.#look = look;
    if (from === undefined) return;
    this.#open = from.#open;
    this.#fence = from.#fence;
    this.#last = from.#last;
  }

  /** Adds text; gives the blocks that this has finished. */
  push(text: string): Block[] {
    this.#open += text;
    const done: Block[] = [];
    for (let before = -1; before !== this.#open.length; ) {
      before = this.#open.length;
      done.push(...(this.#fence === undefined ? this.#blocks() : this.#codeLines(this.#fence, false)));
    }
    return done;
  }

  /** The text is complete: what was open is finished. */
  finish(): Block[] {
    const done = this.push('');
    if (this.#fence === undefined) done.push(...this.#handOut(lexer(this.#open)));
    else {
      if (this.#open !== '') done.push(...this.#codeLines(this.#fence, true));
      if (this.#fence !== undefined) done.push(...this.#endFence());
    }
    this.#open = '';
    this.#last = 'nothing';
    return done;
  }

  /** The open end as lines, as they would be if nothing more came. */
  open(width: number): Line[] {
    return new MarkdownStream(this.#look, this).finish().flatMap((block) => block(width));
  }

  #blocks(): Block[] {
    const match = fence.exec(this.#open);
    if (match !== null) {
      const done = this.#handOut(lexer(this.#open.slice(0, match.index)));
      this.#open = this.#open.slice(match.index + match[0].length);
      const language = (match[2] ?? '').trim();
      this.#fence = { mark: match[1] ?? '', language };
      return [...done, this.#spaced(() => codeLabel(language, this.#look), 'block')];
    }
    if (undecided.test(this.#open)) return [];
    const tokens: Token[] = lexer(this.#open);
    const last = tokens.findLastIndex(({ type }) => type !== 'space');
    const end = tokens[last];
    if (end === undefined) return [];
    if (endsItself(end, this.#open)) return this.#take(tokens, this.#open.length);
    const finished = tokens.slice(0, last);
    const items = end.type === 'list' ? (end as Tokens.List).items.slice(0, -1) : [];
    const taken = [...finished, ...items].reduce((sum, { raw }) => sum + raw.length, 0);
    return taken === 0 ? [] : this.#take([...finished, ...items], taken);
  }

  #take(tokens: readonly (Token | Tokens.ListItem)[], length: number): Block[] {
    this.#open = this.#open.slice(length);
    return this.#handOut(tokens);
  }

  #handOut(tokens: readonly (Token | Tokens.ListItem)[]): Block[] {
    return tokens.flatMap((token): Block[] => {
      if (token.type === 'space' || token.type === 'def') return [];
      if (token.type === 'list') return this.#handOut((token as Tokens.List).items);
      const kind = token.type !== 'list_item' ? 'block' : /^\s*\d/.test(token.raw) ? 'number' : 'bullet';
      const block = this.#spaced((width) => markdownLines(token.raw, width, this.#look), kind);
      if (/\n[ \t]*\n$/.test(token.raw)) this.#last = 'block';
      return [block];
    });
  }

  /** With an empty line before it, unless it begins the text or goes on with a tight list. */
  #spaced(block: Block, kind: Kind): Block {
    const close = this.#last === 'nothing' || (this.#last === kind && kind !== 'block');
    this.#last = kind;
    return (width) => {
      const lines = block(width);
      // A fence without a label still stands apart from what is above it.
      return close ? lines : [[], ...lines];
    };
  }

  /** The whole lines of a block of code, up to its end; with `all` what is there of the last one too. */
  #codeLines({ mark, language }: { mark: string; language: string }, all: boolean): Block[] {
    const lines = this.#open.split('\n');
    const rest = all ? '' : (lines.pop() ?? '');
    const closing = lines.findIndex((line) => line.startsWith(mark) && /^(?:`+|~+)[ \t]*$/.test(line));
    const code = closing < 0 ? lines : lines.slice(0, closing);
    this.#open = closing < 0 ? rest : [...lines.slice(closing + 1), rest].join('\n');
    const done = code.map(
      (line): Block =>
        (width) =>
          codeLine(line, language, width),
    );
    return closing < 0 ? done : [...done, ...this.#endFence()];
  }

  #endFence(): Block[] {
    this.#fence = undefined;
    return this.#look.styled ? [] : [() => codeLabel('', this.#look)];
  }
}

/** Whether nothing that follows can belong to the block. */
function endsItself(token: Token, text: string): boolean {
  if (token.type === 'heading' || token.type === 'hr') return text.endsWith('\n');
  return ['paragraph', 'table', 'blockquote'].includes(token.type) && /\n[ \t]*\n$/.test(text);
}
