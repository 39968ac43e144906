/** The reference of the command line, made from its own help texts. */
import { createProgram, run } from '../../packages/cli/src/program.ts';
import { madeFrom } from './markdown.ts';

export async function cliPage(): Promise<string> {
  const sections: string[] = [];
  for (const path of commandsBelow(createProgram(() => undefined))) {
    sections.push(`## ash ${path.join(' ')}\n\n\`\`\`text\n${itsOwn(await helpOf(path)).trim()}\n\`\`\``);
  }
  return `${madeFrom("the command's own help")}
# Command line

\`ash\` runs a server on this machine, deploys agents, and talks to them. What it says here is what \`ash <command> --help\` says.

## What holds for every command

**Which server.** Commands go to \`ASH_SERVER_URL\`, else to the server of \`ash link\`, else to the local one; with the key
\`ASH_API_KEY\`, else the one that is stored. Settings lie in \`~/.ash/config.json\`.

**Output.** Results are on stdout; progress, remarks and failures on stderr.

| | stdout |
| --- | --- |
| in a terminal | tables and sentences; \`--table\` gives them to a pipe too |
| into a pipe or a file | JSON, with two spaces; some commands put a sentence before it, e.g. \`Session created: \` |
| \`--json\` | only JSON: the API's own objects, lists as arrays; what streams, one object a line |
| \`--quiet\` | only ids or names, one a line; stderr has failures only |

Colours are for terminals. \`NO_COLOR\`, \`--no-color\` and \`TERM=dumb\` turn them off.

**Failures.** The first line on stderr says what failed, the lines below it what to do, the [code](errors.md) and the id under which
the server logged the request. With \`--json\` it is one line of JSON, the error body of the API.

| exit code | |
| --- | --- |
| 0 | success |
| 1 | failure: of the command, of its usage, or of the turn that it waited for |
| 130 | left by Ctrl-C while a turn went on; the turn does |
| another | \`ash session exec\` and \`ash session shell\` end as the command that they ran |

## Commands

\`\`\`text
${(await helpOf([])).trim()}
\`\`\`

${sections.join('\n\n')}
`;
}

type Command = ReturnType<typeof createProgram>;

/** Every command and subcommand that does something, in the order of the help. */
function commandsBelow(command: Pick<Command, 'commands'>, path: readonly string[] = []): string[][] {
  return command.commands.flatMap((below) => {
    const name = [...path, below.name()];
    const itself = below.commands.length === 0 || below.registeredArguments.length > 0;
    return [...(itself ? [name] : []), ...commandsBelow(below, name)];
  });
}

/** The options of every command stand at the beginning of the page. */
function itsOwn(help: string): string {
  return help
    .replace(/^Global Options:\n(?: .*\n)*\n?/m, '')
    .replace(/^ {2}-h, --help .*\n/m, '')
    .replace(/^Options:\n\n/m, '');
}

/** What a command says of itself, as wide as when nobody's terminal is asked. */
async function helpOf(path: readonly string[]): Promise<string> {
  const { stdout } = process;
  const said: string[] = [];
  const write = stdout.write;
  const tty = Object.getOwnPropertyDescriptor(stdout, 'isTTY');
  Object.defineProperty(stdout, 'isTTY', { value: false, configurable: true });
  stdout.write = (chunk: string | Uint8Array) => {
    said.push(String(chunk));
    return true;
  };
  try {
    await run([...path, '--help']);
  } finally {
    stdout.write = write;
    if (tty === undefined) Reflect.deleteProperty(stdout, 'isTTY');
    else Object.defineProperty(stdout, 'isTTY', tty);
  }
  return said.join('');
}
