/** The guide at /docs/guide: the pages of docs/ as HTML and as Markdown, the skill, and /llms.txt. Read when first asked for. */
import type { FastifyInstance } from 'fastify';
import { readGuide } from './guide-files.ts';
import { guidePage, guidePolicy } from './guide-page.ts';

/** Registers the routes. */
export function registerGuide(app: FastifyInstance, version: string): void {
  const config = { public: true };
  const pages = new Map<string, string>();
  let texts: ReadonlyMap<string, string> | undefined;
  const textOf = (path: string): string | undefined => {
    texts ??= readGuide();
    return texts.get(path);
  };

  const rendered = (name: string): string | undefined => {
    const text = textOf(`docs/${name}.md`);
    const index = textOf('docs/README.md');
    if (text === undefined || index === undefined) return undefined;
    const page = pages.get(name) ?? guidePage({ name, text, index, version });
    pages.set(name, page);
    return page;
  };

  for (const url of ['/docs/guide', '/docs/guide/', '/docs/guide/:page']) {
    app.get<{ Params: { page?: string } }>(url, { config }, (request, reply) => {
      const { page: name = 'README' } = request.params;
      const markdown = name.endsWith('.md') ? textOf(`docs/${name}`) : undefined;
      if (markdown !== undefined) return plain(reply, 'text/markdown', markdown);
      const page = rendered(name);
      if (page === undefined) return reply.callNotFound();
      return reply
        .type('text/html; charset=utf-8')
        .headers({ 'cache-control': 'no-cache', 'content-security-policy': guidePolicy, 'x-frame-options': 'DENY' })
        .send(page);
    });
  }
  app.get<{ Params: { '*': string } }>('/docs/guide/skills/*', { config }, (request, reply) => {
    const text = textOf(`skills/${request.params['*']}`);
    return text === undefined ? reply.callNotFound() : plain(reply, 'text/markdown', text);
  });
  app.get('/llms.txt', { config }, (_request, reply) => {
    const text = textOf('llms.txt')
      ?.replaceAll('](docs/', '](/docs/guide/')
      .replaceAll('](skills/', '](/docs/guide/skills/');
    return text === undefined ? reply.callNotFound() : plain(reply, 'text/plain', text);
  });
}

function plain<R extends { type(type: string): R; header(name: string, value: string): R; send(body: string): R }>(
  reply: R,
  type: string,
  text: string,
): R {
  return reply.type(`${type}; charset=utf-8`).header('cache-control', 'no-cache').send(text);
}
