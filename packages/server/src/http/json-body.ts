/** Request bodies: JSON where a route reads one, ignored where it doesn't. */
import { errors } from '@ash-ai/shared';
import type { FastifyInstance } from 'fastify';

/** Teaches Fastify to read JSON bodies, and nothing else. */
export function readJsonBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (request.routeOptions.config.readsBody !== true) return done(null, undefined);
    if (request.routeOptions.config.optionalBody === true && String(text).trim() === '') return done(null, undefined);
    try {
      done(null, parseJson(String(text)));
    } catch (error) {
      done(error as Error, undefined);
    }
  });
  app.addContentTypeParser('*', (request, _payload, done) => {
    if (request.routeOptions.config.readsBody !== true) return done(null, undefined);
    const mediaType = (request.headers['content-type'] ?? 'none').slice(0, 100);
    done(errors.unsupported_media_type({ mediaType }), undefined);
  });
}

/** The value of a JSON text. Throws `body_not_json`, and `validation_failed` for properties that could reach a prototype. */
function parseJson(text: string): unknown {
  if (text.trim() === '') throw errors.body_not_json({ reason: 'it is empty' });
  let value: unknown;
  try {
    value = JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (cause) {
    throw errors.body_not_json(
      { reason: cause instanceof Error ? cause.message.slice(0, 200) : 'unreadable' },
      { cause },
    );
  }
  // "\u…" may spell a letter of it. The search is cheap; the walk is for the texts that look like trouble.
  if (/__proto__|\\u00(?:5f|6f|7[024])/i.test(text) && holdsProto(value)) {
    throw errors.validation_failed({ reason: 'body: must not hold a property named "__proto__"' });
  }
  return value;
}

function holdsProto(root: unknown): boolean {
  const rest = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) return true;
    for (const inner of Object.values(value)) rest.push(inner);
  }
  return false;
}
