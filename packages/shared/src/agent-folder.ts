/** What an agent folder may hold, and what is left out when one is listed or uploaded. */

/** Names that are left out of listings and uploads, at any depth. */
export const skippedNames: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '__pycache__',
  '.cache',
  '.npm',
  '.pnpm-store',
  '.yarn',
  '.venv',
  'venv',
  '.tmp',
  'tmp',
  '.DS_Store',
]);

const skippedExtensions = ['.sock', '.lock', '.pid'];

/** Whether a file or folder of this name is left out of listings and uploads. */
export function isSkipped(name: string): boolean {
  return skippedNames.has(name) || skippedExtensions.some((extension) => name.endsWith(extension));
}

/** The file that makes a folder an agent. */
export const instructionsFile = 'CLAUDE.md';

/** Bounds of one deployment. */
export const agentLimits = { maxFiles: 10_000, maxBytes: 512 * 1024 * 1024, maxUploadBytes: 64 * 1024 * 1024 } as const;

const AGENT_NAME = /^[a-zA-Z0-9_-]{1,255}$/;

/** Whether `name` may name an agent. */
export function isAgentName(name: string): boolean {
  return AGENT_NAME.test(name);
}

/** A folder's name as an agent name: odd characters become `-`. Empty when nothing is left. */
export function toAgentName(text: string): string {
  return text
    .replace(/[^a-zA-Z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 255);
}

/** Whether `path` is a relative path with `/` that stays below its folder and names something. */
export function isInnerPath(path: string): boolean {
  if (
    path === '' ||
    path.length > 4096 ||
    path.startsWith('/') ||
    path.includes('\0') ||
    path.includes('\\') ||
    !path.isWellFormed()
  )
    return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && part.length <= 255);
}
