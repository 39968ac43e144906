/** Schemas of what a session may be given of MCP servers and environment variables. */
import { z } from 'zod';
import { plainText, programText } from './route.ts';

const name = z.string().min(1).max(255);
const headers = z.record(name, z.string().max(8192));
const variables = z.record(name, programText(128_000));

const mcpServerSchema = z
  .looseObject({
    type: z.enum(['http', 'sse', 'stdio']).optional().describe('Default: http with a url, stdio with a command'),
    url: z
      .url({ protocol: /^https?$/ })
      .max(8192)
      .optional(),
    headers: headers.optional(),
    command: plainText(4096).min(1).optional(),
    args: z.array(programText(128_000)).max(1000).optional(),
    env: variables.optional(),
  })
  .refine((server) => (server.url === undefined) !== (server.command === undefined), 'needs either a url or a command')
  .refine(
    (server) => server.type === undefined || (server.type === 'stdio') === (server.url === undefined),
    'has a type that does not fit',
  );

/** MCP servers by name. */
export const mcpServersSchema = z.record(name, mcpServerSchema);

/** Environment variables by name. */
export const environmentSchema = z.record(
  z
    .string()
    .max(255)
    .refine((text) => /^[A-Za-z_][A-Za-z0-9_]{0,254}$/.test(text), 'must be a name of letters, digits and "_"'),
  programText(128_000).refine((value) => !value.includes('\0'), 'must not hold a NUL character'),
);
