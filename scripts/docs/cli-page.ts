/** The reference of the command line, made from its own help texts. */
import { run } from '../../packages/cli/src/program.ts';
import { madeFrom } from './markdown.ts';

export async function cliPage(): Promise<string> {
  const sections: string[] = [];
  for (const path of await commandsBelow([])) {
    sections.push(`## ash ${path.join(' ')}\n\n\`\`\`text\n${(await helpOf(path)).trim()}\n\`\`\``);
  }
  return `${madeFrom("the command's own help")}
# Command line

\`ash\` runs a server on this machine, deploys agents, and talks to them. What it says here is what \`ash <command> --help\` says.

Commands go to \`ASH_SERVER_URL\`, else to the server of \`ash link\`, else to the local one; with the key \`ASH_API_KEY\`, else the
one that is stored. Settings lie in \`~/.ash/config.json\`. Exit code 0 is success, 1 any failure: one line on stderr says
which. A turn that fails is a failure. Results are on stdout, remarks on stderr; colours are left out when the output is
not a terminal, or with \`NO_COLOR\`.

\`\`\`text
${(await helpOf([])).trim()}
\`\`\`

${sections.join('\n\n')}
`;
}

/** Every command and subcommand that does something, in the order of the help. */
async function commandsBelow(path: readonly string[]): Promise<string[][]> {
  const [, listing = ''] = (await helpOf(path)).split(/^Commands:\n/m);
  const names = [...listing.matchAll(/^ {2}([a-z][a-z-]*)(?:\|[a-z]+)?(?= |$)/gm)].flatMap(([, name]) =>
    name === undefined || name === 'help' ? [] : [name],
  );
  const found: string[][] = [];
  for (const name of names) {
    const below = await commandsBelow([...path, name]);
    found.push(...(below.length === 0 ? [[...path, name]] : below));
  }
  return found;
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
