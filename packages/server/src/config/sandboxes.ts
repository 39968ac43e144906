/** Sandboxes: how many are awake, how they are walled in, and what one may use. */
import { resolve } from 'node:path';
import { isolationNames, permissionModes } from '@ash-ai/shared/contract';
import { choice, numberFrom, text, toCeiling, toIsolations, toSparePolicy, whole } from './values.ts';
import type { Variable } from './variable.ts';

export const sandboxesVariables = {
  maxSandboxes: {
    name: 'ASH_MAX_SANDBOXES',
    default: '1000',
    meaning: 'Sessions awake at once',
    schema: whole(1, 1_000_000),
  },
  sandboxesMemoryMb: {
    name: 'ASH_SANDBOXES_MEMORY_MB',
    meaning:
      'Memory of all sandboxes together, in MiB, by what they are measured to take; by default three quarters of the machine',
    schema: whole(256, 1_000_000_000),
  },
  capacityWaitMs: {
    name: 'ASH_CAPACITY_WAIT_MS',
    default: '60000',
    meaning: 'Time that a message waits for a sandbox when all are busy, in ms; then its turn fails',
    schema: whole(1, 3_600_000),
  },
  maxWaiting: {
    name: 'ASH_MAX_WAITING',
    default: '1000',
    meaning: 'Sessions that may wait for a sandbox at once; messages to more of them are refused with 503',
    schema: whole(0, 1_000_000),
  },
  idleTimeoutMs: {
    name: 'ASH_IDLE_TIMEOUT_MS',
    default: '1800000',
    meaning: 'Time without a turn after which a session is put to sleep, in ms; less when sandboxes are scarce',
    schema: whole(1, 2_147_483_647),
  },
  spares: {
    name: 'ASH_SPARES',
    default: 'adaptive',
    meaning:
      'Sandboxes that wait for new sessions: "off", "adaptive" to what is asked for, or a number for every agent in use',
    schema: text.transform(toSparePolicy),
  },
  maxSpares: {
    name: 'ASH_MAX_SPARES',
    default: '8',
    meaning: 'Sandboxes that wait for new sessions at once, whatever they wait for; about 200 MB each',
    schema: whole(1, 1000),
  },
  turnRecoveries: {
    name: 'ASH_TURN_RECOVERIES',
    default: '3',
    meaning: 'How often a turn goes on whose sandbox died; after that it fails',
    schema: whole(0, 100),
  },
  turnTimeoutMs: {
    name: 'ASH_TURN_TIMEOUT_MS',
    meaning: 'Time of one turn, in ms; without it a turn may take as long as it likes',
    schema: whole(1000, 2_147_483_647),
  },
  permissionMode: {
    name: 'ASH_PERMISSION_MODE',
    meaning: 'Permission mode of sessions that name none',
    schema: choice(permissionModes),
  },
  isolation: {
    name: 'ASH_ISOLATION',
    default: 'bubblewrap',
    meaning:
      'How sandboxes are walled in: "bubblewrap", or "oci" by runc, crun or runsc (as root); "process" is no wall, for development only',
    schema: choice(isolationNames),
  },
  isolationAllow: {
    name: 'ASH_ISOLATION_ALLOW',
    meaning:
      'Isolations that agents may ask for beside that of ASH_ISOLATION, separated by commas. Each must work on this machine',
    schema: text.transform(toIsolations),
  },
  ociRuntime: {
    name: 'ASH_OCI_RUNTIME',
    meaning:
      'Runtime of the isolation "oci": runc, crun, or runsc (gVisor, a kernel of its own), or the path of one; without it the first of runc and crun that is installed',
    schema: text,
  },
  uidBase: {
    name: 'ASH_UID_BASE',
    default: '200000',
    meaning:
      'First kernel uid of sandboxes, where the server is root: each data folder takes the next 65536 that no other one has',
    schema: whole(1000, 4_000_000_000),
  },
  uidClaimsDir: {
    name: 'ASH_UID_CLAIMS_DIR',
    default: '/var/lib/ash/uids',
    meaning: 'Folder in which the servers of a machine agree on who has which uids; the same for all of them',
    schema: text.transform((path) => resolve(path)),
  },
  sandboxMemoryMb: {
    name: 'ASH_SANDBOX_MEMORY_MB',
    default: '2048',
    meaning: 'Memory of one sandbox, in MiB',
    schema: whole(64, 16_777_216),
  },
  sandboxPids: {
    name: 'ASH_SANDBOX_PIDS',
    default: '256',
    meaning: 'Processes and threads of one sandbox',
    schema: whole(16, 4_194_304),
  },
  sandboxCpus: {
    name: 'ASH_SANDBOX_CPUS',
    default: '1',
    meaning: 'Processors of one sandbox; fractions are fine',
    schema: numberFrom(0.01, 4096),
  },
  sandboxDisk: {
    name: 'ASH_SANDBOX_DISK',
    default: 'auto',
    meaning: 'What holds the disk limit: "image" a disk per session, "watchdog" a look now and then, "auto" what works',
    schema: choice(['auto', 'image', 'watchdog']),
  },
  sandboxDiskMb: {
    name: 'ASH_SANDBOX_DISK_MB',
    default: '4096',
    meaning: 'Files of one sandbox, in MiB',
    schema: whole(16, 16_777_216),
  },
  sandboxInodes: {
    name: 'ASH_SANDBOX_INODES',
    default: '500000',
    meaning: 'Number of files and folders of one sandbox',
    schema: whole(1000, 1_000_000_000),
  },
  sandboxOpenFiles: {
    name: 'ASH_SANDBOX_OPEN_FILES',
    default: '8192',
    meaning: 'Open files of one process in a sandbox',
    schema: whole(64, 1_048_576),
  },
  sandboxCeiling: {
    name: 'ASH_SANDBOX_CEILING',
    meaning:
      'What agents and sessions may ask for at most, such as "memoryMb=4096,cpus=2"; what is not named can only be lowered',
    schema: text.transform(toCeiling),
  },
  bridgeEntry: {
    name: 'ASH_BRIDGE_ENTRY',
    meaning: 'Entry file of the bridge, in place of the installed one',
    schema: text.transform((path) => resolve(path)),
  },
  runtimeExecutable: {
    name: 'CLAUDE_CODE_EXECUTABLE',
    meaning: "The agent runtime's executable, in place of the Agent SDK's own",
    schema: text.transform((path) => resolve(path)),
  },
} as const satisfies Record<string, Variable>;
