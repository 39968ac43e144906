/** The page about the server's environment, made from the table that the server itself reads. */
import { type Variable, variables } from '../../packages/server/src/config.ts';
import { madeFrom, tableOf } from './markdown.ts';

export function configurationPage(): string {
  const rows = Object.values<Variable>(variables).map((variable) => [
    `\`${variable.name}\``,
    `${variable.meaning}${variable.secret === true ? ' *(secret: never shown)*' : ''}`,
    variable.default === undefined ? '' : `\`${variable.default}\``,
  ]);
  return `${madeFrom('packages/server/src/config.ts')}
# Configuration

The server is set up by its environment alone. An empty value is as good as none; white space around a value is ignored.
A value that cannot be used keeps the server from starting, and is named with the reason.

${tableOf(['Variable', 'Meaning', 'Default'], rows)}

\`ash start\` has options for the common ones (\`--port\`, \`--data-dir\`, …), passes any other with \`-e NAME=value\`, and
keeps its data in \`~/.ash\` unless told otherwise.

The command \`ash\` and the SDKs' examples read two more, on the client's side: \`ASH_SERVER_URL\`, the server to talk to, and
\`ASH_API_KEY\`, the key to talk with.
`;
}
