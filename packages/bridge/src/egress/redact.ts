/**
 * Takes keys out of what comes back: an API that repeats a request's headers in an error, or a page that shows them, would
 * hand them to the sandbox. As they are, not in whatever they may be turned into. Keeps every length, and holds back no byte
 * but those that may be the beginning of a key.
 */
import { Transform } from 'node:stream';
import type { PassedHeaders } from './headers.ts';

/** Headers that hold keys, by their names; the values of others may be words of the conversation. */
const secretName = /auth|key|token|secret|cookie|password|credential/i;
/** Shorter ones would be found in any text. */
const minSecretChars = 8;
const star = 0x2a;

export class Redaction {
  readonly #secrets: readonly Buffer[];

  /** @param headers that were put into the request */
  constructor(headers: Readonly<Record<string, string>> = {}) {
    const texts = Object.entries(headers)
      .filter(([name]) => secretName.test(name))
      // The key alone too, without the `Bearer` before it.
      .flatMap(([, value]) => [value, value.slice(value.indexOf(' ') + 1)])
      .filter((text) => text.length >= minSecretChars);
    this.#secrets = [...new Set(texts)].map((text) => Buffer.from(text));
  }

  /** Whether there is anything to take out. */
  get isNeeded(): boolean {
    return this.#secrets.length > 0;
  }

  text(given: string): string {
    if (!this.#secrets.some((secret) => given.includes(secret.toString()))) return given;
    const bytes = Buffer.from(given);
    this.#blot(bytes);
    return bytes.toString();
  }

  headers(given: PassedHeaders): PassedHeaders {
    const redacted = ([name, value]: [string, string | string[]]) =>
      [name, typeof value === 'string' ? this.text(value) : value.map((one) => this.text(one))] as const;
    return this.isNeeded ? Object.fromEntries(Object.entries(given).map(redacted)) : given;
  }

  /** For a body on its way through. */
  body(): Transform {
    let held: Buffer = Buffer.alloc(0);
    return new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        // A copy, as what it is cut from counts and meters the same bytes.
        const bytes = Buffer.concat([held, chunk]);
        this.#blot(bytes);
        const passed = bytes.length - this.#begunAtEnd(bytes);
        held = bytes.subarray(passed);
        done(null, bytes.subarray(0, passed));
      },
      flush: (done) => done(null, held),
    });
  }

  #blot(bytes: Buffer): void {
    for (const secret of this.#secrets) {
      for (let at = bytes.indexOf(secret); at !== -1; at = bytes.indexOf(secret, at + secret.length)) {
        bytes.fill(star, at, at + secret.length);
      }
    }
  }

  /** How many bytes at the end are the beginning of a key. */
  #begunAtEnd(bytes: Buffer): number {
    let most = 0;
    for (const secret of this.#secrets) {
      const tail = bytes.subarray(Math.max(0, bytes.length - secret.length + 1));
      const first = secret.subarray(0, 1);
      for (let at = tail.indexOf(first); at !== -1; at = tail.indexOf(first, at + 1)) {
        const begun = tail.subarray(at);
        if (!secret.subarray(0, begun.length).equals(begun)) continue;
        most = Math.max(most, begun.length);
        break;
      }
    }
    return most;
  }
}
