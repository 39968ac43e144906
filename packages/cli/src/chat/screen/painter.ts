/**
 * Draws on a terminal without taking it over: what is finished is printed once and scrolls away, and only the live lines
 * below it are drawn again.
 * ```
 *   printed for good ─────────────┐ scrolls into the terminal's history
 *   live: the open end, spinners, │ drawn again from its first line
 *   the line being typed ◄ cursor ┘
 * ```
 */
import { type Block, type Line, lineWidth } from './line.ts';
import { paint } from './paint.ts';

export interface Place {
  row: number;
  column: number;
}

/** The lines that are drawn again, and where the cursor stands in them. */
export interface Live {
  lines: readonly Line[];
  cursor?: Place | undefined;
}

export interface PainterOptions {
  write: (text: string) => void;
  coloured: boolean;
  width: number;
  height: number;
}

/** How much is remembered to be shown again after a resize; more than a screen holds. */
const longestMemory = 500;

export class Painter {
  readonly #write: (text: string) => void;
  readonly #coloured: boolean;
  #width: number;
  #height: number;
  /** Widths of the rows printed for good, and of the live ones. */
  #printed: number[] = [];
  #live: number[] = [];
  #blocks: Block[] = [];
  #cursor: Place = { row: 0, column: 0 };

  constructor({ write, coloured, width, height }: PainterOptions) {
    this.#write = write;
    this.#coloured = coloured;
    this.#width = width;
    this.#height = height;
  }

  /** Prints blocks for good, and draws the live lines below them. */
  draw(blocks: readonly Block[], live: Live): void {
    const lines = blocks.flatMap((block) => block(this.#width));
    this.#remember(blocks, lines);
    this.#paint(this.#toTop(), lines, live);
  }

  /** The terminal has another size: what can be seen of the conversation is shown at that size. */
  resize(width: number, height: number, live: Live): void {
    // Most terminals have broken our lines anew by now: a line that was wider takes several rows.
    const rows = (widths: readonly number[]) => widths.reduce((sum, each) => sum + rowsOf(each, width), 0);
    const above = rows(this.#live.slice(0, this.#cursor.row)) + Math.floor(this.#cursor.column / width);
    const ours = Math.min(height - 1, above + rows(this.#printed));
    this.#width = width;
    this.#height = height;
    const lines = this.#lastLines(Math.max(0, Math.min(ours, height - live.lines.length)));
    this.#printed = lines.map(lineWidth);
    this.#paint(`${ours > 0 ? `\x1b[${ours}A` : ''}\r\x1b[J`, lines, live);
  }

  /** Clears the screen, and shows on it what there is room for. */
  clear(live: Live): void {
    const lines = this.#lastLines(Math.max(0, this.#height - live.lines.length));
    this.#paint('\x1b[H\x1b[2J', lines, live);
  }

  /** Takes the live lines away and prints the last blocks. */
  close(blocks: readonly Block[]): void {
    this.draw(blocks, { lines: [] });
  }

  #toTop(): string {
    return `${this.#cursor.row > 0 ? `\x1b[${this.#cursor.row}A` : ''}\r`;
  }

  #paint(begin: string, lines: readonly Line[], live: Live): void {
    const shown = live.lines.slice(-Math.max(1, this.#height - 1));
    const cut = live.lines.length - shown.length;
    // Synchronized output (mode 2026): terminals that know it show the whole change at once.
    let text = `\x1b[?2026h\x1b[?25l${begin}`;
    for (const line of lines) text += `\x1b[2K${paint(line, this.#coloured)}\r\n`;
    text += shown.map((line) => `\x1b[2K${paint(line, this.#coloured)}`).join('\r\n');
    // Erasing at the end of a full line would take its last character along: the cursor waits on it (pending wrap).
    const full = lineWidth(shown.at(-1) ?? []) >= this.#width;
    text += full ? '\r\n\x1b[J\x1b[A' : '\x1b[J';
    const last = Math.max(0, shown.length - 1);
    const cursor = live.cursor && { row: live.cursor.row - cut, column: live.cursor.column };
    const place = cursor !== undefined && cursor.row >= 0 ? cursor : { row: last, column: 0 };
    text += `${last > place.row ? `\x1b[${last - place.row}A` : ''}\r`;
    text += `${place.column > 0 ? `\x1b[${place.column}C` : ''}${live.cursor === undefined ? '' : '\x1b[?25h'}\x1b[?2026l`;
    this.#live = shown.map(lineWidth);
    this.#cursor = place;
    this.#write(text);
  }

  #remember(blocks: readonly Block[], lines: readonly Line[]): void {
    this.#blocks = [...this.#blocks, ...blocks].slice(-longestMemory);
    this.#printed = [...this.#printed, ...lines.map(lineWidth)].slice(-longestMemory);
  }

  #lastLines(count: number): Line[] {
    let lines: Line[] = [];
    for (let at = this.#blocks.length - 1; at >= 0 && lines.length < count; at--) {
      lines = [...(this.#blocks[at]?.(this.#width) ?? []), ...lines];
    }
    return lines.slice(Math.max(0, lines.length - count));
  }
}

function rowsOf(lineWidth: number, width: number): number {
  return Math.max(1, Math.ceil(lineWidth / width));
}
