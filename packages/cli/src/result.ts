/** What the `result` message of a turn says of its failure. */

type Data = Record<string, unknown>;

/** Whether a `result` message tells of a failure. */
export function isFailure(result: Data): boolean {
  return result.is_error === true || result.subtype !== 'success';
}

/** Why the turn failed, in the words of its `result` message. */
export function reasonOf(result: Data): string {
  const errors = Array.isArray(result.errors) ? result.errors.filter((error) => typeof error === 'string') : [];
  const texts = [errors.join('; '), result.result, result.subtype];
  return texts.find((text): text is string => typeof text === 'string' && text !== '') ?? 'The turn failed';
}
