// Reads a request body of bounded size as a JSON object.
import type { IncomingMessage } from 'node:http';
import { apiError } from './api-error.ts';
import { asObject, type JsonObject } from './json.ts';

/** A parsed body and its length in bytes. */
export interface Body {
  readonly json: JsonObject;
  readonly length: number;
}

/**
 * Reads the body.
 * @throws ApiError 413 above `maxBytes`, 400 when it is no JSON object
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > maxBytes) throw apiError(413, `The body exceeds ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  const json = asObject(parse(Buffer.concat(chunks).toString('utf8')));
  if (json === undefined) throw apiError(400, 'The body must be a JSON object.');
  return { json, length };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw apiError(400, `The body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
