/** A forwarder in a process tree of its own, reachable from here; for tests and benchmarks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { proxyEnv, withForwarder } from '@ash-ai/shared/egress';

/** Where it listens, and what the command that it became was told. */
export interface RunningForwarder extends AsyncDisposable {
  port: number;
  said: string;
  pid: number;
}

/** Starts one before a socket. The pid namespace takes the forwarder along when its command ends. */
export async function startForwarder(socketPath: string): Promise<RunningForwarder> {
  const [file, args] = withForwarder(socketPath, '/bin/sh', ['-c', 'echo "$HTTP_PROXY"; exec cat']);
  const wall = ['--dev-bind', '/', '/', '--unshare-pid', '--die-with-parent', '--', file, ...args];
  const child = spawn('bwrap', wall, { env: proxyEnv(), stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const said = line.toString().trim();
  return {
    port: Number(new URL(said).port),
    said,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}
