/** What machine a benchmark runs on, how busy it is, and how much memory processes use. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

export interface Machine {
  cpu: string;
  cores: number;
  memoryGb: number;
  kernel: string;
  node: string;
  load: number;
}

export function machine(): Machine {
  const all = cpus();
  return {
    cpu: all[0]?.model ?? 'unknown',
    cores: all.length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
    load: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/** Proportional set size of a process, in MB: shared pages count by the number of processes that share them. */
export function pssMb(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1] ?? Number.NaN) / 1024;
}

/** Processes whose command line holds `text`, by pid. */
export function processesWith(text: string): Map<number, string> {
  const found = new Map<number, string>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (command.includes(text)) found.set(Number(name), command);
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** How many cores are busy with whatever runs on this machine, over a while. */
export async function busyCores(ms: number): Promise<number> {
  const times = (): { idle: number; all: number } => {
    const sums = { idle: 0, all: 0 };
    for (const { times } of cpus()) {
      sums.idle += times.idle;
      sums.all += times.user + times.nice + times.sys + times.irq + times.idle;
    }
    return sums;
  };
  const before = times();
  await new Promise((resolve) => setTimeout(resolve, ms));
  const after = times();
  return cpus().length * (1 - (after.idle - before.idle) / (after.all - before.all));
}
