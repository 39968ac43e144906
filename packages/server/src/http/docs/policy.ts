/** What a page of the documentation may load: its own style, by hash. */
import { createHash } from 'node:crypto';

/** The Content-Security-Policy of a page with this style. */
export function policyOf(style: string): string {
  const hash = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${hash}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}
