/** Secrets are typed where nobody sees them, or come on stdin; an argument would stand in the list of processes. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Failure } from './failure.ts';

/** A secret from stdin, or asked for when that is a terminal. @param what e.g. `The key` */
export async function readSecret(what: string): Promise<string> {
  const secret = (process.stdin.isTTY === true ? await ask(what) : await text(process.stdin)).trim();
  if (secret === '') throw new Failure(`${what} is missing`, { next: 'Type it when asked, or give it on stdin.' });
  return secret;
}

async function ask(what: string): Promise<string> {
  process.stderr.write(`${what} (not shown): `);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return await lines.question('', { signal: interrupted(lines) });
  } catch (cause) {
    throw new Failure('left without a key', { cause });
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}

function interrupted(lines: { once(event: 'SIGINT', then: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  lines.once('SIGINT', () => controller.abort());
  return controller.signal;
}
