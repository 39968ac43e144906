/** The scripts that an agent folder may bring to set up a fresh workspace (spec/runtime.md §5.1). */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { errors } from '@ash-ai/shared';
import { type CommandPlace, type CommandSpec, runCommand } from './command.ts';
import type { Launched } from './isolation/isolation.ts';
import type { WorkspaceSource } from './runner.ts';

const scripts = ['install.sh', 'startup.sh'];
const timeoutMs = 120_000;
/** How much of the output an error carries, in characters from its end. */
const tailChars = 2_000;

/** Whether an agent's folder brings any. */
export async function hasSetUp(agentDir: string): Promise<boolean> {
  const found = await Promise.all(scripts.map((script) => lstat(join(agentDir, script)).catch(() => undefined)));
  return found.some((entry) => entry?.isFile() === true);
}

/** Runs the scripts that are there, in order, behind a wall in the workspace. @throws setup_failed with the tail of the output; shutting_down */
export async function runSetUp(
  spec: CommandSpec,
  place: Omit<CommandPlace, 'within'>,
  {
    folder,
    source,
    network,
    closing,
  }: {
    folder: string;
    source: Pick<WorkspaceSource, 'env' | 'isolation'>;
    /** The live sandbox whose proxy the scripts get, once that knows its policy. */
    network: (() => Promise<Launched>) | undefined;
    /** Ends them. */
    closing: AbortSignal;
  },
): Promise<void> {
  for (const script of scripts) {
    const found = await lstat(join(folder, script)).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    // In one stream, so that the tail is what was said last.
    const command = `exec 2>&1; exec bash ./${script}`;
    const { env = {}, isolation } = source;
    const within = await network?.();
    const request = {
      command,
      env,
      timeoutMs,
      egress: within !== undefined,
      ...(isolation === undefined ? {} : { isolation }),
    };
    const ran = await runCommand(spec, { ...place, within }, request, closing);
    if (ran.stopped === 'aborted') throw errors.shutting_down();
    if (ran.exitCode === 0 && ran.stopped === undefined) continue;
    const reason = ran.stopped === undefined ? `exit code ${ran.exitCode}` : ran.stopped;
    throw errors.setup_failed({ script, reason, output: (ran.stdout + ran.stderr).trim().slice(-tailChars) });
  }
}
