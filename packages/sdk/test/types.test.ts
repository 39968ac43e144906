/** Names of types that older code imports, and what they stand for. */
import { expectTypeOf, test } from 'vitest';
import type {
  AshClient,
  Attachment,
  Credential,
  GetFileResponse,
  ListAgentVersionsResponse,
  ListAttachmentsResponse,
  ListCredentialsResponse,
  ListFilesResponse,
  ListQueueItemsResponse,
  ListUsageEventsResponse,
  McpServerConfig,
  QueueItem,
  SandboxLogEntry,
  UsageEvent,
} from '../src/index.ts';

type Reply<K extends keyof AshClient> = AshClient[K] extends (...args: never[]) => Promise<infer R> ? R : never;

test('replies, as the client gives them', () => {
  expectTypeOf<ListFilesResponse>().toEqualTypeOf<Reply<'getSessionFiles'>>();
  expectTypeOf<GetFileResponse>().toEqualTypeOf<Reply<'getSessionFile'>>();
  expectTypeOf<SandboxLogEntry>().toEqualTypeOf<Reply<'getSessionLogs'>['logs'][number]>();
  expectTypeOf<ListAgentVersionsResponse['versions']>().toEqualTypeOf<Reply<'listAgentVersions'>>();
  expectTypeOf<ListCredentialsResponse['credentials']>().toEqualTypeOf<Credential[]>();
  expectTypeOf<ListAttachmentsResponse['attachments']>().toEqualTypeOf<Attachment[]>();
  expectTypeOf<ListQueueItemsResponse['items']>().toEqualTypeOf<QueueItem[]>();
  expectTypeOf<ListUsageEventsResponse['events']>().toEqualTypeOf<UsageEvent[]>();
});

test('an MCP server has a url or a command', () => {
  expectTypeOf<{ url: string; headers: Record<string, string> }>().toExtend<McpServerConfig>();
  expectTypeOf<{ command: string; args: string[]; env: Record<string, string> }>().toExtend<McpServerConfig>();
  expectTypeOf<{ url: number }>().not.toExtend<McpServerConfig>();
});
