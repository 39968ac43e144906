/** What a sandbox may use at most: what can be asked for, what holds, and what holds it. */
import { z } from 'zod';

/** Ways of walling a sandbox in. */
export const isolationNames = ['bubblewrap', 'oci', 'process'] as const;

const memoryMb = z.int().min(64).max(16_777_216).describe('Memory, in MiB');
const cpus = z.number().min(0.01).max(4096).describe('Processors; fractions are fine');
const pids = z.int().min(16).max(4_194_304).describe('Processes and threads');
const diskMb = z.int().min(16).max(16_777_216).describe('Files of workspace and home together, in MiB');
const inodes = z.int().min(1000).max(1_000_000_000).describe('Number of files and folders');
const openFiles = z.int().min(64).max(1_048_576).describe('Open files of one process');
const turnTimeoutMs = z
  .int()
  .min(1000)
  .max(2_147_483_647)
  .describe('Time of one turn, in ms; waiting for approvals counts');

/** Limits that an agent (`.ash/sandbox.json`) or a session asks for; those left out are the server's. */
export const limitsRequestSchema = z
  .strictObject({ memoryMb, cpus, pids, diskMb, inodes, openFiles, turnTimeoutMs })
  .partial()
  .meta({ id: 'SandboxLimitsRequest', description: 'Limits asked for; they hold as far as the server allows' });

/** The limits that hold. */
export const sandboxLimitsSchema = z
  .object({ memoryMb, cpus, pids, diskMb, inodes, openFiles, turnTimeoutMs: turnTimeoutMs.nullable() })
  .meta({ id: 'SandboxLimits' });

const heldBy = z.enum(['cgroup2', 'cgroup1', 'rlimit', 'none']);

/** What really holds the limits and walls on the machine of the sandbox. */
export const enforcedSchema = z
  .object({
    memory: heldBy,
    pids: heldBy,
    cpu: heldBy,
    disk: z.enum(['image', 'watchdog', 'none']).describe('"watchdog" looks now and then, and ends the turn'),
    kill: z.enum(['cgroup2', 'cgroup1', 'pid-namespace', 'process-group']),
    privateUids: z.boolean().describe('Whether the sandbox has kernel users of its own'),
    files: z.boolean(),
    network: z.boolean(),
    syscalls: z.boolean(),
  })
  .meta({ id: 'Enforced', description: 'What holds a limit; "none" means that nothing does, whatever it is set to' });
