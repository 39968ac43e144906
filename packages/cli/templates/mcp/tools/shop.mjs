/**
 * An MCP server without dependencies: it speaks JSON-RPC over stdin and stdout, one message a line. It runs in the
 * sandbox, so its files are this folder and it needs no network. Put your own tools in the place of these two.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** @type {Record<string, { price: number, currency: string }>} */
const articles = JSON.parse(readFileSync(new URL('../articles.json', import.meta.url), 'utf8'));

const tools = [
  {
    name: 'list',
    description: 'The names of all articles',
    inputSchema: { type: 'object', properties: {} },
    run: () => Object.keys(articles).join('\n'),
  },
  {
    name: 'price',
    description: 'The price of an article',
    inputSchema: { type: 'object', properties: { article: { type: 'string' } }, required: ['article'] },
    run: ({ article }) => {
      const found = Object.hasOwn(articles, article) ? articles[article] : undefined;
      return found === undefined ? `There is no article called ${article}.` : `${found.price} ${found.currency}`;
    },
  },
];

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  const { id, method, params } = JSON.parse(line);
  // What has no id is a notification: nobody waits for an answer.
  if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) })}\n`);
}

function answer(method, params) {
  if (method === 'initialize') {
    const serverInfo = { name: 'shop', version: '1.0.0' };
    return { result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo } };
  }
  if (method === 'ping') return { result: {} };
  if (method === 'tools/list') return { result: { tools: tools.map(({ run: _, ...tool }) => tool) } };
  if (method !== 'tools/call') return { error: { code: -32601, message: `no method ${method}` } };
  const tool = tools.find(({ name }) => name === params.name);
  if (tool === undefined) return { error: { code: -32602, message: `no tool ${params.name}` } };
  return { result: { content: [{ type: 'text', text: tool.run(params.arguments ?? {}) }] } };
}
