/**
 * Head starts: a runtime boots while its bridge does, with the words that the Agent SDK has used before for the same options.
 * The bridge, which has the SDK, compares them with what it would have started; when they differ, it ends the wall, and the
 * next start has none. So the SDK alone decides what is run; here it is only remembered.
 */
import { createHash } from 'node:crypto';
import { mayReach, type Paths } from '@ash-ai/shared/bridge-wire';
import { runtimeCommand, runtimeEnv } from '@ash-ai/shared/runtime-command';
import type { Boot } from './runner.ts';

/** Options whose words are remembered, at most. */
const maxKnown = 256;
/** Stands for the session's id. */
const placeholder = '\0';

export interface HeadStart {
  /** The text for the wall. */
  command: string;
  /** Names it to the bridge. */
  digest: string;
}

export class HeadStarts {
  /** By options, those used last at the end; null where the words were not the same each time. */
  readonly #known = new Map<string, readonly string[] | null>();

  /** Undefined while nothing like it was started before. @param isRoot whether the runtime runs as root, for want of walls */
  of(boot: Boot, resume: boolean, paths: Paths, isRoot: boolean): HeadStart | undefined {
    const key = keyOf(boot, resume);
    const known = key === undefined ? undefined : this.#known.get(key);
    if (key === undefined || known === undefined || known === null) return undefined;
    this.#keep(key, known);
    const { runtime } = boot;
    const args = known.map((word) => word.replaceAll(placeholder, runtime.sessionId));
    const command = runtimeCommand(paths.executable, args, runtimeEnv(runtime, paths, { egress: false, isRoot }));
    return { command, digest: createHash('sha256').update(command).digest('hex') };
  }

  /** The SDK has started a runtime for these options with these arguments. */
  learn(boot: Boot, resume: boolean, args: readonly string[]): void {
    const key = keyOf(boot, resume);
    if (key === undefined) return;
    const words = args.map((word) => word.replaceAll(boot.runtime.sessionId, placeholder));
    const known = this.#known.get(key);
    const same = known === undefined || (known !== null && JSON.stringify(known) === JSON.stringify(words));
    this.#keep(key, same ? words : null);
  }

  #keep(key: string, words: readonly string[] | null): void {
    this.#known.delete(key);
    this.#known.set(key, words);
    const [oldest] = this.#known.keys();
    if (this.#known.size > maxKnown && oldest !== undefined) this.#known.delete(oldest);
  }
}

/**
 * Everything that the words may depend on; undefined where none is given: a fork's are its own, and what may reach the
 * network needs the bridge's proxy from its first moment.
 */
function keyOf({ runtime, egress }: Boot, resume: boolean): string | undefined {
  const { sessionId: _id, env: _env, goOn: _goOn, forkOf, ...options } = runtime;
  if ((forkOf !== undefined && !resume) || mayReach(egress)) return undefined;
  return createHash('sha256')
    .update(JSON.stringify([options, forkOf, resume]))
    .digest('hex');
}
