/** Runs a prepared child to its end and captures what it says, within a time and a size. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import type { ExecResult } from './isolation.ts';

export interface Caps {
  timeoutMs: number;
  /** For stdout and stderr together. */
  maxBytes: number;
  signal?: AbortSignal;
}

/** `kill` must end the whole tree of the child. */
export async function captured(child: ChildProcess, caps: Caps, kill: () => void): Promise<ExecResult> {
  let stopped: ExecResult['stopped'];
  let left = caps.maxBytes;
  const stop = (why: NonNullable<ExecResult['stopped']>) => {
    stopped ??= why;
    kill();
  };
  const collect = (stream: ChildProcess['stdout']): Buffer[] => {
    const chunks: Buffer[] = [];
    stream?.on('data', (chunk: Buffer) => {
      if (left > 0) chunks.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) stop('output');
    });
    return chunks;
  };
  const stdout = collect(child.stdout);
  const stderr = collect(child.stderr);
  const timer = setTimeout(() => stop('timeout'), caps.timeoutMs);
  const onAbort = () => stop('aborted');
  caps.signal?.addEventListener('abort', onAbort);
  if (caps.signal?.aborted) onAbort();
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    return {
      exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]),
      stdout: Buffer.concat(stdout),
      stderr: Buffer.concat(stderr),
      ...(stopped === undefined ? {} : { stopped }),
    };
  } finally {
    clearTimeout(timer);
    caps.signal?.removeEventListener('abort', onAbort);
  }
}
