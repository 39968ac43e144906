/** Commands in a session's workspace, and what its sandbox says: schemas and routes (spec/http-api.md §5.4, §5.5). */
import { z } from 'zod';
import { wakeErrors } from './files.ts';
import { defineRoutes, idParams, programText, timestamp } from './route.ts';

/** Bounds of one command, and of the log of a sandbox. */
export const execLimits = {
  commandChars: 100_000,
  defaultTimeoutMs: 30_000,
  maxTimeoutMs: 300_000,
  logEntries: 10_000,
} as const;

export const sandboxLogSchema = z
  .object({
    index: z.int().describe('Counts from 0 and keeps counting when old entries are dropped'),
    level: z.enum(['stdout', 'stderr', 'system']).describe('system: said by Ash'),
    text: z.string(),
    ts: timestamp,
  })
  .meta({ id: 'SandboxLog' });

export const execRoutes = defineRoutes({
  getSessionLogs: {
    method: 'GET',
    path: '/api/sessions/:id/logs',
    tag: 'sessions',
    summary: "Read what a session's sandbox has said; empty while the session is asleep",
    params: idParams,
    query: z.object({ after: z.int().min(-1).default(-1).describe('Index to start after') }),
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        logs: z.array(sandboxLogSchema).describe('The newest 10,000 entries at most'),
        source: z.literal('sandbox'),
      }),
    },
    errors: ['session_not_found'],
  },
  execInSession: {
    method: 'POST',
    path: '/api/sessions/:id/exec',
    tag: 'sessions',
    summary: "Run a shell command in a session's workspace, behind the walls of its sandbox",
    params: idParams,
    body: z
      .object({
        command: programText(execLimits.commandChars).min(1).describe('Run by bash; at most 128,000 bytes in UTF-8'),
        timeout: z
          .int()
          .min(1)
          .max(execLimits.maxTimeoutMs)
          .default(execLimits.defaultTimeoutMs)
          .describe('In ms; then it is killed'),
      })
      .meta({ id: 'Exec' }),
    reply: {
      kind: 'json',
      status: 200,
      schema: z
        .object({
          exitCode: z.int().describe('128 + signal number when a signal ended it; 1 when it was stopped'),
          stdout: z.string().describe('Up to 10 MiB'),
          stderr: z.string().describe('Up to 10 MiB'),
          stopped: z.enum(['timeout', 'output', 'aborted']).optional().describe('Why it was killed'),
        })
        .meta({ id: 'ExecResult' }),
    },
    errors: [
      'session_not_found',
      ...wakeErrors,
      'workspace_not_found',
      'workspace_lost',
      'setup_failed',
      'exec_failed',
    ],
  },
});
