/** What commands write on: results to stdout, everything else to stderr; colour and progress only for people. */
import { paintFor } from './output/paint.ts';

export interface Terminal {
  /** Writes a result, as it is. */
  out(text: string): void;
  /** Writes a line beside the result; nothing with `--quiet`. */
  note(line: string): void;
  /** Writes a line that says why something failed, always. */
  fail(line: string): void;
  /** Writes a line only if someone is watching. */
  progress(line: string): void;
  /** Text beside the result in a quiet colour, where there are colours. */
  dim(text: string): string;
  /** Writes a value as JSON. */
  json(value: unknown): void;
}

/** What every command may be told about its output. */
export interface OutputFlags {
  json?: boolean;
  table?: boolean;
  quiet?: boolean;
  /** False with `--no-color`. */
  color?: boolean;
}

/** The terminal of this process. */
export function createTerminal({ quiet = false, color = true }: OutputFlags = {}): Terminal {
  const watched = process.stderr.isTTY === true && !quiet;
  const paint = paintFor(process.stderr, color);
  return {
    out: (text) => void process.stdout.write(text),
    note: (line) => void (quiet || process.stderr.write(`${line}\n`)),
    fail: (line) => void process.stderr.write(`${line}\n`),
    progress: (line) => void (watched && process.stderr.write(`${line}\n`)),
    dim: (text) => paint('dim', text),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
  };
}
