/** Approvals: tool calls and questions of an agent that wait for an answer. */
import { z } from 'zod';
import { defineRoutes, idParams, timestamp } from './route.ts';

export const approvalStatuses = ['pending', 'allowed', 'denied', 'expired'] as const;

export const approvalSchema = z
  .object({
    id: z.uuid(),
    sessionId: z.uuid(),
    turnId: z.uuid(),
    status: z.enum(approvalStatuses).describe('expired: its turn ended before an answer came'),
    toolName: z.string(),
    input: z.record(z.string(), z.unknown()).describe('What the tool would be called with'),
    toolUseId: z.string(),
    agentId: z.string().optional().describe('The subagent that asks'),
    reason: z.string().optional(),
    title: z.string().optional(),
    description: z.string().optional(),
    createdAt: timestamp,
    answeredAt: timestamp.nullable(),
  })
  .meta({ id: 'Approval' });

const answerBody = z
  .object({
    decision: z.enum(['allow', 'deny']),
    message: z.string().max(100_000).optional().describe('What the agent is told with deny'),
    updatedInput: z
      .record(z.string().max(10_000), z.unknown())
      .optional()
      .describe(
        'Takes the place of the input. For AskUserQuestion: its input with `answers`, question to chosen label',
      ),
  })
  .meta({ id: 'AnswerApproval' });

export const approvalRoutes = defineRoutes({
  listApprovals: {
    method: 'GET',
    path: '/api/sessions/:id/approvals',
    tag: 'approvals',
    summary: 'List what the agent has asked leave for, oldest first',
    params: idParams,
    query: z.object({ status: z.enum(approvalStatuses).optional() }),
    reply: { kind: 'json', status: 200, schema: z.object({ approvals: z.array(approvalSchema) }) },
    errors: ['session_not_found'],
  },
  answerApproval: {
    method: 'POST',
    path: '/api/sessions/:id/approvals/:approvalId',
    tag: 'approvals',
    summary: 'Answer an approval; the agent goes on',
    params: idParams.extend({ approvalId: z.uuid() }),
    body: answerBody,
    bodyLimitBytes: 8 * 1024 * 1024,
    reply: { kind: 'json', status: 200, schema: z.object({ approval: approvalSchema }) },
    errors: ['session_not_found', 'approval_not_found', 'approval_answered_already', 'approval_expired'],
  },
});
