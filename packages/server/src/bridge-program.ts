/** Where the bridge and the agent runtime are installed, and what a bridge reads of the host. */
import { createHash } from 'node:crypto';
import { existsSync, realpathSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface BridgeProgram {
  args: readonly string[];
  readablePaths: readonly string[];
  /** Names this very program: another one, or another Agent SDK, has another. */
  revision: string;
  /** The agent runtime's executable; a path that need not exist. */
  executable: string;
}

const sdkPackage = '@anthropic-ai/claude-agent-sdk';

/**
 * Finds the bridge: its sources in a checkout, its bundle in an installation.
 * @param given settings that take the place of what is installed
 */
export function findBridge(given: { entry?: string | undefined; executable?: string | undefined }): BridgeProgram {
  const entry = realpathSync(given.entry ?? fileURLToPath(import.meta.resolve('@ash-ai/bridge/main')));
  const fromSource = entry.endsWith('.ts');
  const sdkEntry = realpathSync(createRequire(entry).resolve(sdkPackage));
  // Its heap of young objects is small: a bridge has little to do, and there are many of them.
  const args = ['--max-semi-space-size=2', ...(fromSource ? ['--conditions=@ash-ai/source'] : []), entry];
  return {
    args,
    revision: revisionOf([entry, sdkEntry], args),
    readablePaths: [...new Set([packageRoot(entry), treeOf(sdkEntry), ...(fromSource ? [treeOf(entry)] : [])])],
    executable: given.executable ?? findExecutable(sdkEntry),
  };
}

function revisionOf(files: readonly string[], args: readonly string[]): string {
  const stats = files.map((file) => statSync(file)).map(({ size, mtimeMs }) => [size, mtimeMs]);
  const text = JSON.stringify([process.version, args, files, stats]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The Agent SDK's executable for this machine; glibc before musl. */
function findExecutable(sdkEntry: string): string {
  const platform = `${process.platform}-${process.arch}`;
  const scope = dirname(dirname(sdkEntry));
  const candidates = [platform, `${platform}-musl`].map((name) => join(scope, `claude-agent-sdk-${name}`, 'claude'));
  return candidates.find((path) => existsSync(path)) ?? candidates[0] ?? '';
}

/** The folder of the package that a file belongs to. */
function packageRoot(file: string): string {
  for (let dir = dirname(file); ; dir = dirname(dir)) {
    if (existsSync(join(dir, 'package.json')) || dir === dirname(dir)) return dir;
  }
}

/** The installation around a file: the parent of its `node_modules`, or of the checkout's `packages`. */
function treeOf(file: string): string {
  const parts = file.split(sep);
  const at = Math.max(parts.lastIndexOf('node_modules'), parts.lastIndexOf('packages'));
  return at === -1 ? packageRoot(file) : parts.slice(0, at).join(sep) || sep;
}
