/** A copy of the packages that can be changed, with a server to run from it. */
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Mutation } from './mutations.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

export class MutatedTree implements Disposable {
  readonly #dir: string;
  /** A server's program with the mutation in it. */
  readonly program: string;

  constructor() {
    this.#dir = mkdtempSync(join(tmpdir(), 'ash-mutated-'));
    // Bridges run as other users.
    chmodSync(this.#dir, 0o755);
    cpSync(join(root, 'packages'), join(this.#dir, 'packages'), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !/\/(dist|test|node_modules\/\.cache)$/.test(path),
    });
    cpSync(join(root, 'package.json'), join(this.#dir, 'package.json'));
    mkdirSync(join(this.#dir, 'test', 'e2e'), { recursive: true });
    this.program = join(this.#dir, 'test', 'e2e', 'fixture-server.ts');
    cpSync(join(root, 'test', 'e2e', 'fixture-server.ts'), this.program);
    // Our own packages are linked to their neighbours, which are the copies; all others stay where they are.
    const modules = join(this.#dir, 'node_modules');
    mkdirSync(modules);
    for (const name of readdirSync(join(root, 'node_modules'))) {
      if (name === '@ash-ai')
        cpSync(join(root, 'node_modules', name), join(modules, name), { recursive: true, verbatimSymlinks: true });
      else symlinkSync(join(root, 'node_modules', name), join(modules, name));
    }
  }

  /** Puts a mutation in. @returns what takes it out again */
  apply({ name, changes }: Mutation): Disposable {
    const originals = new Map<string, string>();
    for (const { file, from, to } of changes) {
      const path = join(this.#dir, file);
      const text = readFileSync(path, 'utf8');
      if (!originals.has(path)) originals.set(path, text);
      writeFileSync(path, replaced(text, { name, file, from, to }));
    }
    return {
      [Symbol.dispose]: () => {
        for (const [path, text] of originals) writeFileSync(path, text);
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}

/** All places of a text replaced. @throws when there is none */
export function replaced(
  text: string,
  { name, file, from, to }: { name: string; file: string; from: string; to: string },
): string {
  if (!text.includes(from)) throw new Error(`mutation ${name}: ${file} has no «${from}» any more; mend the mutation`);
  return text.replaceAll(from, () => to);
}
