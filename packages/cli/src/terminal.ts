/** What commands write on: results to stdout, everything else to stderr; colour and progress only for people. */
import { styleText } from 'node:util';

export interface Terminal {
  /** Writes a result, as it is. */
  out(text: string): void;
  /** Writes a line beside the result. */
  note(line: string): void;
  /** Writes a line only if someone is watching. */
  progress(line: string): void;
  /** Text beside the result in a quiet colour, where there are colours. */
  dim(text: string): string;
  /** Writes a value as JSON. */
  json(value: unknown): void;
}

/** The terminal of this process. NO_COLOR and a stderr that isn't a terminal turn colours off. */
export function createTerminal(): Terminal {
  const watched = process.stderr.isTTY === true;
  const coloured = watched && !process.env.NO_COLOR;
  return {
    out: (text) => void process.stdout.write(text),
    note: (line) => void process.stderr.write(`${line}\n`),
    progress: (line) => void (watched && process.stderr.write(`${line}\n`)),
    dim: (text) => (coloured ? styleText('dim', text, { validateStream: false }) : text),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
  };
}
