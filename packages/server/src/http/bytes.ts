/** Replies that are a file: its bytes as a stream, and the headers that keep a browser from doing anything but saving it. */
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';

/** What a route that answers bytes hands over. The stream is read to its end or cancelled. */
export class FileReply {
  readonly size: number;
  readonly content: ReadableStream<Uint8Array>;
  readonly headers: Readonly<Record<string, string>>;

  /** @param name what a client may save it as; `more` are further headers */
  constructor(
    file: { size: number; content: ReadableStream<Uint8Array> },
    { mediaType, name, more = {} }: { mediaType: string; name: string; more?: Record<string, string> },
  ) {
    this.size = file.size;
    this.content = file.content;
    this.headers = {
      'content-type': mediaType,
      'content-disposition': `attachment; filename*=UTF-8''${encodedName(name)}`,
      // What an agent wrote must never run as a page of this server.
      'content-security-policy': "default-src 'none'; sandbox",
      ...more,
    };
  }

  /** Sends it; a HEAD request gets the headers only. */
  async send(reply: FastifyReply, headOnly: boolean): Promise<FastifyReply> {
    reply.headers({ ...this.headers, 'content-length': String(this.size) });
    if (!headOnly) return reply.send(Readable.fromWeb(this.content as Parameters<typeof Readable.fromWeb>[0]));
    await this.content.cancel();
    // A stream, as Fastify would take the length of anything else for that of the file.
    return reply.send(Readable.from([]));
  }
}

/** As RFC 5987 wants it: everything but a few characters percent-encoded. */
function encodedName(name: string): string {
  return encodeURIComponent(name.toWellFormed()).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
