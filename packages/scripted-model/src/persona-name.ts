// Hears how the user introduces themselves.

/** The name in "My name is Alice."; undefined when the text introduces nobody. */
export function introducedName(text: string): string | undefined {
  const found = /\b(?:[Mm]y name is|[Cc]all me|I am called)\s+(\p{L}[\p{L}'’-]*(?:\s+\p{Lu}[\p{L}'’-]*)*)/u.exec(text);
  return found?.[1];
}
