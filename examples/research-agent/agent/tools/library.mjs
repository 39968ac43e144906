/** An MCP server over stdio without dependencies: searches and reads the folder `library`. */
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const folder = new URL('../library/', import.meta.url);
const texts = new Map(
  readdirSync(folder).map((name) => [name.replace('.md', ''), readFileSync(new URL(name, folder), 'utf8')]),
);

const tools = {
  search: {
    description: 'Titles of the texts that hold a word',
    property: 'word',
    run: (word) =>
      [...texts]
        .flatMap(([title, text]) => (text.toLowerCase().includes(word.toLowerCase()) ? [title] : []))
        .join('\n') || 'Nothing found.',
  },
  read: {
    description: 'The text with a title',
    property: 'title',
    run: (title) => texts.get(title) ?? `There is no text called ${title}.`,
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  const { id, method, params } = JSON.parse(line);
  // What has no id is a notification: nobody waits for an answer.
  if (id !== undefined) process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...answer(method, params) })}\n`);
}

function answer(method, params) {
  switch (method) {
    case 'initialize':
      return {
        result: {
          protocolVersion: params.protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: 'library', version: '1.0.0' },
        },
      };
    case 'ping':
      return { result: {} };
    case 'tools/list':
      return { result: { tools: Object.entries(tools).map(([name, tool]) => shapeOf(name, tool)) } };
    case 'tools/call': {
      const tool = Object.hasOwn(tools, params.name) ? tools[params.name] : undefined;
      if (tool === undefined) return { error: { code: -32602, message: `no tool ${params.name}` } };
      const text = tool.run(String(params.arguments?.[tool.property] ?? ''));
      return { result: { content: [{ type: 'text', text }] } };
    }
    default:
      return { error: { code: -32601, message: `no method ${method}` } };
  }
}

function shapeOf(name, { description, property }) {
  const inputSchema = { type: 'object', properties: { [property]: { type: 'string' } }, required: [property] };
  return { name, description, inputSchema };
}
