/** An MCP server that lets an assistant use the agents of an Ash server. */
export { createMcpServer } from './server.ts';
