/** What is left out when files are listed or bundled (spec/http-api.md §6, §7). */

export type Skips = (name: string) => boolean;

const never: ReadonlySet<string> = new Set(['node_modules', '.git', '__pycache__', '.DS_Store']);
const hidden: ReadonlySet<string> = new Set(['.cache', '.npm', '.pnpm-store', '.yarn', '.venv', 'venv', '.tmp', 'tmp']);
const secretive: ReadonlySet<string> = new Set(['.env', '.env.local', '.env.production', '.env.development']);
const extensions = ['.sock', '.lock', '.pid'];

/** Files that are being written: half of a file is nobody's. */
const unfinished = /^\.ash-[0-9a-f-]{36}\.part$/;

/** A name for a file until it is whole. */
export function unfinishedName(): string {
  return `.ash-${crypto.randomUUID()}.part`;
}

/** Names that no listing shows. @param includeHidden whether folders of tools (caches, environments) are shown */
export function listingSkips(includeHidden: boolean): Skips {
  return (name) =>
    never.has(name) ||
    unfinished.test(name) ||
    (!includeHidden && hidden.has(name)) ||
    extensions.some((extension) => name.endsWith(extension));
}

/** Names that no bundle holds. */
export const bundleSkips: Skips = (name) =>
  never.has(name) || hidden.has(name) || secretive.has(name) || unfinished.test(name);

/** Names that are never written, because no listing would show them. */
export function isUnwritable(name: string): boolean {
  return name === '.DS_Store' || unfinished.test(name);
}
