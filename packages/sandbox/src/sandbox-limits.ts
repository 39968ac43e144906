/** The limits of a session, as the isolation and the bridge need them. */
import type { SandboxLimits } from '@ash-ai/shared/contract';
import type { Limits } from './isolation/isolation.ts';

const mib = 1024 * 1024;
/** Largest single file, however large the disk. */
const maxFileBytes = 4096 * mib;

/** In bytes. /tmp is memory: it gets a quarter of it, so that filling it is no death sentence. */
export function isolationLimits({ memoryMb, pids, cpus, diskMb, openFiles }: SandboxLimits): Limits {
  const memoryBytes = memoryMb * mib;
  return {
    memoryBytes,
    pids,
    cpus,
    tmpBytes: Math.floor(memoryBytes / 4),
    fileBytes: Math.min(diskMb * mib, maxFileBytes),
    openFiles,
  };
}
