/** Configuration: the one reader of the server's environment. The tables in `config/` are also what the documentation is made from. */
import type { z } from 'zod';
import { hostingVariables } from './config/hosting.ts';
import { reachVariables } from './config/reach.ts';
import { sandboxesVariables } from './config/sandboxes.ts';
import { snapshotVariables } from './config/snapshots.ts';
import type { Variable } from './config/variable.ts';

/** Every variable that the server reads, by the name of its setting. */
export const variables = { ...hostingVariables, ...sandboxesVariables, ...reachVariables, ...snapshotVariables };

type Table = typeof variables;
type Settings = {
  [K in keyof Table]: z.output<Table[K]['schema']> | (Table[K] extends { default: string } ? never : undefined);
};

/** Where model calls go, and the headers that carry the server's key. */
export interface ModelUpstream {
  baseUrl: string;
  headers: Record<string, string>;
  /** Certificates to trust beside the usual ones (PEM). */
  ca?: string;
}

/** The settings of a server. */
export type Config = Omit<Settings, 'modelBaseUrl' | 'modelKey' | 'modelToken' | 'modelHeaders'> & {
  model: ModelUpstream;
};

/** Thrown for an environment that can't be used. `problems` has one sentence per variable. */
export class ConfigInvalid extends Error {
  override readonly name = 'ConfigInvalid';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('; '));
    this.problems = problems;
  }
}

/** Reads the settings. White space around values is ignored; an empty value is as good as none. */
export function readConfig(env: Readonly<Record<string, string | undefined>> = process.env): Config {
  const problems: string[] = [];
  const settings: Record<string, unknown> = {};
  for (const [key, variable] of Object.entries<Variable>(variables)) {
    const given = env[variable.name]?.trim() || variable.default;
    if (given === undefined) continue;
    const result = variable.schema.safeParse(given);
    if (result.success) settings[key] = result.data;
    else problems.push(problemOf(variable, given, result.error.issues));
  }
  if (problems.length > 0) throw new ConfigInvalid(problems);
  const { modelBaseUrl, modelKey, modelToken, modelHeaders, ...rest } = settings as Settings;
  const headers: Record<string, string> = {};
  if (modelKey !== undefined) headers['x-api-key'] = modelKey;
  if (modelToken !== undefined) headers.authorization = `Bearer ${modelToken}`;
  return { ...rest, model: { baseUrl: modelBaseUrl, headers: { ...headers, ...modelHeaders } } };
}

function problemOf(variable: Variable, given: string, issues: readonly z.core.$ZodIssue[]): string {
  const sentence = issues.map((issue) => issue.message).join(', ');
  return `${variable.name}: ${sentence}${variable.secret ? '' : `, not ${JSON.stringify(given.slice(0, 100))}`}`;
}
