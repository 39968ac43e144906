/** Names what a runtime is started with: a turn that wants something else needs another start. Pure. */
import { createHash } from 'node:crypto';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { SessionRow } from '../store/sessions.ts';

/**
 * The key of a session's runtime for a turn. `model` and `effort` don't count: a live runtime is switched to those.
 *
 * @param goOnTurnId a turn that the runtime goes on with by itself; such a runtime serves no other turn
 */
export function runtimeKeyOf(
  { model, config, settings, sealed }: Pick<SessionRow, 'model' | 'config' | 'settings' | 'sealed'>,
  { model: _model, effort: _effort, ...options }: TurnOptions,
  goOnTurnId?: string,
): string {
  const text = JSON.stringify([model, config, settings, sealed, options]);
  const key = createHash('sha256').update(text).digest('hex');
  return goOnTurnId === undefined ? key : `${key}:${goOnTurnId}`;
}
