/**
 * `ash session shell`: a shell in a session's sandbox, line by line. The API runs commands to their end and has no
 * terminal of its own: each line is a command, and what is kept between lines is the folder and exported variables.
 */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { AshClient } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { describe } from '../failure.ts';
import { count } from '../option-values.ts';
import { stoppedBy } from './session-exec.ts';

/** Where the shell is, as the next command takes it up. */
interface Place {
  folder: string;
  exported: string;
}

export async function shell(context: Context, id: string, options: { timeout?: string }): Promise<number> {
  const { terminal } = context;
  const timeout = count('--timeout', options.timeout);
  const client = await context.client();
  const session = await client.getSession(id);
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  if (interactive) {
    terminal.note(`A shell in the sandbox of ${session.agentName}, line by line. "exit" leaves.`);
    terminal.note(terminal.dim('Each line runs to its end; the folder and exported variables stay. What needs a'));
    terminal.note(
      terminal.dim(
        `terminal (editors, pagers) does not run. A line may take ${(timeout ?? 30_000) / 1000} s (--timeout).`,
      ),
    );
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: interactive });
  let open = true;
  lines.once('close', () => {
    open = false;
  });
  let running: AbortController | undefined;
  lines.on('SIGINT', () => {
    if (running === undefined) terminal.note('\n(exit leaves)');
    else running.abort();
    if (running === undefined && open) lines.prompt();
  });
  let place: Place = { folder: '.', exported: '' };
  let code = 0;
  const ask = () => {
    if (!open) return;
    lines.setPrompt(interactive ? `${terminal.dim(`${place.folder === '.' ? '' : place.folder} $`.trim())} ` : '');
    lines.prompt();
  };
  ask();
  for await (const line of lines) {
    if (/^\s*(exit|logout)\s*;?\s*$/.test(line)) break;
    if (line.trim() !== '') {
      running = new AbortController();
      const ran = await runLine(client, id, line, place, { timeout, signal: running.signal }).catch(
        (error: unknown) => {
          terminal.fail(
            running?.signal.aborted
              ? '\nLeft it; it runs on until its time is up.'
              : describe(error, context.serverUrl()),
          );
          return undefined;
        },
      );
      running = undefined;
      code = ran?.code ?? 1;
      if (ran !== undefined) {
        place = ran.place;
        terminal.out(ran.stdout);
        process.stderr.write(ran.stderr);
        if (ran.stopped !== undefined) terminal.fail(stoppedBy[ran.stopped]);
      }
    }
    ask();
  }
  lines.close();
  return code;
}

/** Runs a line where the one before left off. */
async function runLine(
  client: AshClient,
  id: string,
  line: string,
  place: Place,
  options: { timeout: number | undefined; signal: AbortSignal },
) {
  // Whatever the line writes, it can't write this: it is made anew for each.
  const mark = `ash-${randomBytes(12).toString('hex')}`;
  const command = [
    place.exported,
    `cd -- ${quoted(place.folder)} || exit 1`,
    // The end of the script is said also when the line itself leaves the shell.
    `trap 'ash_code=$?; printf "\\n%s\\n%s\\n" ${mark} "$PWD"; export -p; exit "$ash_code"' EXIT`,
    line,
  ].join('\n');
  const { stdout, stderr, exitCode, stopped } = await client.exec(id, command, options);
  const at = stdout.lastIndexOf(`\n${mark}\n`);
  if (at === -1) return { stdout, stderr, code: exitCode, stopped, place };
  const [folder = '.', ...exported] = stdout.slice(at + mark.length + 2).split('\n');
  return { stdout: stdout.slice(0, at), stderr, code: exitCode, stopped, place: { folder, exported: own(exported) } };
}

/** What may be set again: not what the shell keeps for itself. */
function own(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replace(/^declare -[a-z]*x (?:PWD|OLDPWD|SHLVL|_)(?:=.*)?$/gm, '')
    .trim();
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
