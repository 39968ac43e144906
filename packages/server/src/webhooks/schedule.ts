/**
 * The life of a delivery. Pure.
 *
 *   pending ──2xx──► delivered
 *     ▲  │
 *     │  ├──otherwise──► pending, later
 *     │  └──after the last attempt──► failed ──redeliver, replay──► pending
 *     └───────────────────────────────────────────────────────────────┘
 */

const seconds = 1000;
const minutes = 60 * seconds;
const hours = 60 * minutes;

/** Waits between attempts, in ms: ten attempts within about a day. */
export const retryWaitsMs: readonly number[] = [
  ...[5 * seconds, 30 * seconds, 2 * minutes, 10 * minutes, 30 * minutes],
  ...[1 * hours, 3 * hours, 6 * hours, 12 * hours],
];
/** How much of a wait chance takes away or adds. */
const jitter = 0.2;
/** What an endpoint may ask for with Retry-After, at most, in ms. */
const maxAskedMs = 1 * hours;

/**
 * How long to wait after so many attempts that failed; undefined: no further one.
 * @param asked what the endpoint asked for. @param chance from 0 to 1
 */
export function waitAfter(
  attempts: number,
  {
    asked = 0,
    chance = Math.random(),
    waitsMs = retryWaitsMs,
  }: { asked?: number | undefined; chance?: number; waitsMs?: readonly number[] } = {},
): number | undefined {
  const usual = waitsMs[attempts - 1];
  if (usual === undefined) return undefined;
  return Math.round(Math.max(usual * (1 - jitter + 2 * jitter * chance), Math.min(asked, maxAskedMs)));
}
