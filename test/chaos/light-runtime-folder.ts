/** Puts the light runtime into a folder that walls can show: one file, and the Node that runs it. */
import { chmodSync, copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const entry = fileURLToPath(new URL('./light-runtime/main.ts', import.meta.url));
/** Node by a name that faults find it by. */
const launcher = '#!/bin/sh\nhere=$' + '{0%/*}\nexec "$here/light-runtime" --no-warnings "$here/main.mjs" "$@"\n';

export class LightRuntime implements Disposable {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  static async make(): Promise<LightRuntime> {
    const made = new LightRuntime(mkdtempSync(join(tmpdir(), 'ash-light-runtime-')));
    // Walls run as other users.
    chmodSync(made.#dir, 0o755);
    await using bundled = await rolldown({ input: entry, platform: 'node', logLevel: 'warn' });
    await bundled.write({ file: join(made.#dir, 'main.mjs'), format: 'esm', codeSplitting: false });
    copyFileSync(process.execPath, join(made.#dir, 'light-runtime'));
    chmodSync(join(made.#dir, 'light-runtime'), 0o755);
    writeFileSync(made.executable, launcher, { mode: 0o755 });
    return made;
  }

  /** In place of the agent runtime's executable. */
  get executable(): string {
    return join(this.#dir, 'claude');
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }
}
