export { createBubblewrapIsolation } from './isolation/bubblewrap.ts';
export { type Enforced, type Isolation, IsolationError, type Limits } from './isolation/isolation.ts';
export { createProcessIsolation } from './isolation/process.ts';
export { type Check, selfTest } from './isolation/self-test.ts';
export { createLocalRunner, type LocalRunnerOptions } from './local-runner.ts';
export {
  type Attachment,
  type AwakeSandbox,
  type Committed,
  LeaseLost,
  type OpenRequest,
  type Runner,
  type WorkspaceSource,
} from './runner.ts';
export { Slots } from './slots.ts';
