/** The documentation: the OpenAPI document at /docs/json, a page made of it at /docs, and the guide. Made when first asked for. */
import type { FastifyInstance } from 'fastify';
import { openApiDocument } from '../openapi.ts';
import { registerGuide } from './guide.ts';
import { docsPage, pagePolicy } from './page.ts';

/** Registers the routes. `serverUrl` is asked when the first reader comes: the port is not known before. */
export function registerDocs(app: FastifyInstance, version: string, serverUrl: () => string): void {
  registerGuide(app, version);
  let json: string | undefined;
  let page: string | undefined;
  const config = { public: true };
  app.get('/docs/json', { config }, (_request, reply) => {
    json ??= JSON.stringify(openApiDocument(version, serverUrl()));
    reply.type('application/json; charset=utf-8').header('cache-control', 'no-cache').send(json);
  });
  for (const url of ['/docs', '/docs/']) {
    app.get(url, { config }, (_request, reply) => {
      page ??= docsPage(openApiDocument(version, serverUrl()));
      reply
        .type('text/html; charset=utf-8')
        .headers({ 'cache-control': 'no-cache', 'content-security-policy': pagePolicy, 'x-frame-options': 'DENY' })
        .send(page);
    });
  }
}
