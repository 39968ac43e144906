/** The baseline of GET rates: a bare Fastify route that answers a small object. Says where it listens. */
import { createRequire } from 'node:module';

// The server's own copy: the checkout as a whole depends on no web framework.
const { fastify } = createRequire(new URL('../../packages/server/package.json', import.meta.url))('fastify');
const app = fastify();
app.get('/', () => ({ status: 'ok', of: 'nothing', as: ['small', 'as', 'this'] }));
console.log(JSON.stringify({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/` }));
process.on('SIGTERM', () => process.exit(0));
