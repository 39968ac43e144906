/** `ash doctor`: looks at everything that Ash needs, and says what to do about what is missing. Changes nothing. */
import type { Context } from '../context.ts';
import { dataDirOf } from '../local-server/environment.ts';
import type { Style } from '../output/paint.ts';
import { waiting } from '../output/waiting.ts';
import { inLine } from '../output/width.ts';
import { counted } from '../output/words.ts';
import { type Check, checksOf, type Given, type Status } from './check.ts';
import { checkMachine } from './machine.ts';
import { checkModel } from './model.ts';
import { checkRuntime } from './runtime.ts';
import { checkServer } from './server.ts';
import { checkSpace } from './storage.ts';
import { checkTrouble } from './trouble.ts';
import { checkWalls } from './walls.ts';

export interface DoctorOptions {
  dataDir?: string;
  isolation?: string;
  offline?: boolean;
  thorough?: boolean;
}

/** The exit code: 1 when something is wrong, not when something could be better. */
export async function doctor(context: Context, options: DoctorOptions): Promise<number> {
  const dataDir = dataDirOf(options.dataDir);
  const { readConfig } = await import('@ash-ai/server');
  const env = { ...process.env, ASH_DATA_DIR: dataDir, ...(options.isolation && { ASH_ISOLATION: options.isolation }) };
  const checks: Check[] = [];
  const look = async (what: string, work: () => Promise<Check[]> | Check[]) => {
    const found = await waiting(context, what, Promise.resolve().then(work));
    const width = Math.max(...found.map(({ name }) => name.length), narrowest);
    for (const check of found) say(context, check, checks, width);
  };

  const settings = read(() => readConfig(env));
  const isolation = settings.value?.isolation ?? options.isolation ?? 'bubblewrap';
  const ociRuntime = settings.value?.ociRuntime;
  const given: Given = { env, dataDir, isolation, ociRuntime, thorough: options.thorough === true };
  await look('Looking at the machine', () => checkMachine(given));
  await look('Reading the settings', () => settings.checks);
  await look('Raising walls', () => checkWalls(given));
  await look('Starting the agent runtime', () => checkRuntime(settings.value?.runtimeExecutable));
  const { value } = settings;
  if (value !== undefined && !options.offline) await look('Calling the model API', () => checkModel(value.model));
  await look('Looking at the data folder', async () => [...(await checkSpace(given)), ...(await checkTrouble(given))]);
  await look('Calling the server', () => checkServer(context));
  return conclude(context, checks);
}

function read<T>(work: () => T): { value?: T; checks: Check[] } {
  const { ok, error } = checksOf('settings');
  try {
    return { value: work(), checks: [ok('environment', 'every ASH_ variable can be read')] };
  } catch (cause) {
    const problems = (cause as { problems?: readonly string[] }).problems;
    if (problems === undefined) throw cause;
    return { checks: problems.map((problem) => error('environment', problem, 'A server would not start with it.')) };
  }
}

const marks: Readonly<Record<Status, readonly [string, Style]>> = {
  ok: ['✓', 'green'],
  note: ['·', 'cyan'],
  warning: ['!', 'yellow'],
  error: ['✗', 'red'],
};

/** Columns of the names, at least. */
const narrowest = 16;

function say({ form, terminal, paint }: Context, check: Check, all: Check[], width: number): void {
  const first = all.at(-1)?.area !== check.area;
  all.push(check);
  if (form === 'json' || (form === 'quiet' && check.status !== 'error')) return;
  const [mark, style] = marks[check.status];
  if (first && form !== 'quiet') terminal.out(`${all.length === 1 ? '' : '\n'}${paint('bold', check.area)}\n`);
  terminal.out(`${paint(style, mark)} ${check.name.padEnd(width)} ${inLine(check.found)}\n`);
  const lines = check.fix.split('\n').filter((line) => line !== '');
  for (const line of lines) terminal.out(`    ${paint('dim', `→ ${inLine(line)}`)}\n`);
}

function conclude({ form, terminal }: Context, checks: readonly Check[]): number {
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  const errors = count('error');
  const warnings = count('warning');
  if (form === 'json') terminal.json({ ok: errors === 0, checks });
  else if (form !== 'quiet') {
    const told = [errors > 0 && counted(errors, 'error'), warnings > 0 && counted(warnings, 'warning')].filter(Boolean);
    terminal.out(`\n${told.length === 0 ? 'Nothing is missing.' : `${told.join(', ')}.`}\n`);
  }
  return errors === 0 ? 0 : 1;
}
