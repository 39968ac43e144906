/** What a session is opened with: what may be kept in the open, what is sealed, and what its log tells of it. Pure. */
import { errors } from '@ash-ai/shared';
import type {
  Contract,
  EgressRequest,
  IsolationName,
  LimitsRequest,
  ModelLimitsRequest,
  Parsed,
} from '@ash-ai/shared/contract';

type CreateRequest = Parsed<Contract['createSession']>['body'];
type McpServers = NonNullable<CreateRequest['mcpServers']>;

/** What a session keeps besides what the API shows of it; nothing secret. */
export interface SessionSettings {
  agentVersion: number;
  isolation: IsolationName;
  systemPrompt?: string | undefined;
  permissionMode?: string | undefined;
  credentialId?: string | undefined;
  /** What agent and caller ask for, whatever the server allows at the moment. */
  limits?: LimitsRequest | undefined;
  egress?: EgressRequest | undefined;
  modelLimits?: ModelLimitsRequest | undefined;
  /** Of a fork: the conversation that it begins with, the newest entry that is its parent's, and what its files are. */
  fork?: { conversation?: { sessionId: string; at?: string }; upTo: number; files?: ForkedFiles } | undefined;
}

/** As of when the files of a fork are. */
export interface ForkedFiles {
  asOf: string;
  turnRunning: boolean;
  source: 'now' | 'snapshot';
  seq: number;
}

/** What a caller gave in confidence. */
export interface SessionSecrets {
  mcpServers?: McpServers | undefined;
  extraEnv?: Record<string, string> | undefined;
}

/** Variables that are Ash's own: what a caller gives under these names is left out (spec/runtime.md §5.2). */
const ownVariables = new Set([
  'ASH_BRIDGE_SOCKET',
  'ASH_AGENT_DIR',
  'ASH_WORKSPACE_DIR',
  'ASH_SANDBOX_ID',
  'ASH_SESSION_ID',
  'ANTHROPIC_BASE_URL',
  'ANTHROPIC_UNIX_SOCKET',
]);

/** Keys of the model API among the variables, as the headers that the gateway sends; the sandbox never sees them. */
const keyHeaders: Readonly<Record<string, (key: string) => [string, string]>> = {
  ANTHROPIC_API_KEY: (key) => ['x-api-key', key],
  ANTHROPIC_AUTH_TOKEN: (token) => ['authorization', `Bearer ${token}`],
};

/** The secrets of a request; undefined when it holds none. */
export function secretsOf({ mcpServers, extraEnv }: CreateRequest): SessionSecrets | undefined {
  return mcpServers === undefined && extraEnv === undefined ? undefined : { mcpServers, extraEnv };
}

/** What of a caller's variables goes into the sandbox, and what to the gateway. @throws session_config_invalid */
export function splitEnv(extraEnv: Record<string, string> = {}): {
  env: Record<string, string>;
  modelHeaders: Record<string, string>;
} {
  const env: Record<string, string> = {};
  const modelHeaders: Record<string, string> = {};
  for (const [name, value] of Object.entries(extraEnv)) {
    const header = keyHeaders[name]?.(value);
    if (header === undefined) {
      if (!ownVariables.has(name)) env[name] = value;
      continue;
    }
    if (!/^[\x21-\x7e]+$/.test(value)) {
      throw errors.session_config_invalid({ field: `extraEnv.${name}`, reason: 'must be visible ASCII' });
    }
    modelHeaders[header[0]] = header[1];
  }
  return { env, modelHeaders };
}

/** MCP servers in the form that the Agent SDK wants. */
export function sdkMcpServers(mcpServers: McpServers | undefined): Record<string, unknown> | undefined {
  if (mcpServers === undefined) return undefined;
  const typed = Object.entries(mcpServers).map(([name, server]) => [name, { ...server, type: typeOf(server) }]);
  return Object.fromEntries(typed);
}

/** MCP servers as everybody may see them (spec/http-api.md §14.10): no headers, no variables, no credentials in a URL. */
export function visibleMcpServers(mcpServers: McpServers | undefined): Record<string, unknown>[] | undefined {
  if (mcpServers === undefined) return undefined;
  return Object.entries(mcpServers).map(([name, server]) => {
    if (server.url === undefined) return { name, transport: 'stdio', command: server.command };
    const { origin, pathname } = new URL(server.url);
    return { name, transport: typeOf(server), url: `${origin}${pathname}` };
  });
}

function typeOf(server: McpServers[string]): 'http' | 'sse' | 'stdio' {
  return server.type ?? (server.url === undefined ? 'stdio' : 'http');
}
