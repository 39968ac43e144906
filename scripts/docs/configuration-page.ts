/** The page about the server's environment, made from the table that the server itself reads. */

import { hostingVariables } from '../../packages/server/src/config/hosting.ts';
import { reachVariables } from '../../packages/server/src/config/reach.ts';
import { sandboxesVariables } from '../../packages/server/src/config/sandboxes.ts';
import { snapshotVariables } from '../../packages/server/src/config/snapshots.ts';
import type { Variable } from '../../packages/server/src/config/variable.ts';
import { madeFrom, tableOf } from './markdown.ts';

const sections = [
  ['The service', hostingVariables],
  ['Sandboxes', sandboxesVariables],
  ['What agents reach', reachVariables],
  ['Snapshots', snapshotVariables],
] as const satisfies [string, Record<string, Variable>][];

function tableFor(variables: Record<string, Variable>): string {
  const rows = Object.values(variables).map((variable) => [
    `\`${variable.name}\``,
    `${variable.meaning}${variable.secret === true ? ' *(secret: never shown)*' : ''}`,
    variable.default === undefined ? '' : `\`${variable.default}\``,
  ]);
  return tableOf(['Variable', 'Meaning', 'Default'], rows);
}

export function configurationPage(): string {
  return `${madeFrom('packages/server/src/config/')}
# Configuration

The server is set up by its environment alone. An empty value is as good as none; white space around a value is ignored.
A value that cannot be used keeps the server from starting, and is named with the reason.

${sections.map(([title, variables]) => `## ${title}\n\n${tableFor(variables)}`).join('\n\n')}

## In the command and the SDKs

\`ash start\` has options for the common ones (\`--port\`, \`--data-dir\`, …), passes any other with \`-e NAME=value\`, and
keeps its data in \`~/.ash\` unless told otherwise.

The command \`ash\` and the SDKs' examples read two more, on the client's side: \`ASH_SERVER_URL\`, the server to talk to, and
\`ASH_API_KEY\`, the key to talk with.
`;
}
