/** Sizes, times and amounts as people read them. */

/** Bytes, e.g. `1.5 KiB`. */
export function sizeOf(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let at = 0;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
}

/** How long ago an instant is, e.g. `5m ago`; the date when it is more than a month. */
// biome-ignore lint/plugin: compared with instants of the server
export function ago(instant: string | null | undefined, nowMs: number = Date.now()): string | undefined {
  if (instant === null || instant === undefined || instant === '') return undefined;
  const ms = nowMs - Date.parse(instant);
  if (Number.isNaN(ms)) return instant;
  return ms > 30 * 86_400_000 ? instant.slice(0, 10) : ms < 1000 ? 'now' : `${lasting(ms)} ago`;
}

/** A duration in its largest unit, e.g. `3h`. */
export function lasting(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}

/** `1 file`, `3 files`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
