/** What `ash doctor` finds: one line each, with what to do. */

export type Status = 'ok' | 'note' | 'warning' | 'error';

export interface Check {
  area: 'machine' | 'settings' | 'walls' | 'runtime' | 'model' | 'storage' | 'server';
  name: string;
  /** `error`: Ash does not work, or not safely. `warning`: it works, but look at it. `note`: good to know. */
  status: Status;
  /** What was found. */
  found: string;
  /** What to do; empty when nothing is. */
  fix: string;
}

/** What every check is given. */
export interface Given {
  env: Readonly<Record<string, string | undefined>>;
  dataDir: string;
  isolation: string;
  /** Of the isolation "oci"; undefined: whichever there is. */
  ociRuntime: string | undefined;
  /** Reads what is stored whole, and checks its hashes. */
  thorough: boolean;
}

/** Builds checks of one area. */
export function checksOf(area: Check['area']) {
  const make =
    (status: Status) =>
    (name: string, found: string, fix = ''): Check => ({ area, name, status, found, fix });
  return { ok: make('ok'), note: make('note'), warning: make('warning'), error: make('error') };
}
