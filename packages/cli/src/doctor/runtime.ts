/** The agent runtime: its executable is there and starts. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Check, checksOf } from './check.ts';

const { ok, error } = checksOf('runtime');
const longestStartMs = 20_000;

/** @param chosen the executable that the settings name */
export async function checkRuntime(chosen: string | undefined): Promise<Check[]> {
  const { findBridge } = await import('@ash-ai/server');
  let executable: string;
  try {
    executable = findBridge({ executable: chosen }).executable;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    return [
      error('agent runtime', `not installed (${reason})`, 'Install the command anew, with its optional packages.'),
    ];
  }
  const found = await stat(executable).catch(() => undefined);
  if (found === undefined) {
    const fix = chosen
      ? 'CLAUDE_CODE_EXECUTABLE names no file.'
      : 'npm left out an optional package. Install again without --omit=optional.';
    return [error('agent runtime', `${executable} is not there`, fix)];
  }
  try {
    const { stdout } = await promisify(execFile)(executable, ['--version'], { timeout: longestStartMs });
    return [ok('agent runtime', `${stdout.trim().split('\n', 1)[0]}, ${executable}`)];
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.split('\n', 1)[0] : String(cause);
    return [
      error('agent runtime', `it does not start: ${reason}`, 'It has to fit this machine (processor, C library).'),
    ];
  }
}
