/** The page of all error codes, made from the table that every failure goes through. */
import { errorTable } from '@ash-ai/shared';
import { madeFrom } from './markdown.ts';

interface Row {
  status: number;
  retryable: boolean;
  message: (context: Record<string, unknown>) => string;
  suggestion?: string;
}

/** Stands for whatever an error may tell of: `<agent>`, `<limit>`. */
const placeholders = new Proxy({}, { get: (_, name) => `<${String(name)}>` });

export function errorsPage(): string {
  const sections = Object.entries(errorTable as unknown as Record<string, Row>).map(([code, row]) => {
    const sentence = row.message(placeholders).replaceAll('"<', '<').replaceAll('>"', '>');
    return [
      `## ${code}`,
      '',
      `Status ${row.status}. ${row.retryable ? 'The same call may succeed later.' : 'Repeating it unchanged does not help.'}`,
      '',
      '```text',
      sentence,
      '```',
      ...(row.suggestion === undefined ? [] : ['', row.suggestion]),
    ].join('\n');
  });
  return `${madeFrom('packages/shared/src/errors.ts')}
# Error codes

Every answer that is not 2xx has this body:

\`\`\`json
{
  "error": "Agent \\"nobody\\" not found",
  "statusCode": 404,
  "code": "agent_not_found",
  "suggestion": "Deploy it first (\\"ash deploy <folder>\\"), or list the agents.",
  "details": { "agent": "nobody" },
  "requestId": "0199f0c4-7d2e-7a10-9c3b-5f6a1e2d3c4b"
}
\`\`\`

\`code\` is for programs and stays what it is; \`error\` is a sentence for people and may change. \`requestId\` is the id under
which the server logged the request; it is also in the header \`x-request-id\`. When a turn fails, the same code is in the
stream's \`error\` event. How to handle them: [TypeScript](sdk-typescript.md#errors), [Python](sdk-python.md#errors).

${sections.join('\n\n')}
`;
}
