/** The program `ash-mcp-server`: serves MCP on stdin and stdout until the client closes them. */
import { AshClient } from '@ash-ai/sdk';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createMcpServer } from './server.ts';

const client = new AshClient({
  serverUrl: process.env.ASH_SERVER_URL || 'http://localhost:4100',
  apiKey: process.env.ASH_API_KEY || undefined,
});
serveStdio(() => createMcpServer(client), {
  onerror: (error) => process.stderr.write(`${error.message}\n`),
});
