/** Which certificates of upstreams are trusted. */
import { rootCertificates as known } from 'node:tls';

/** Node's own certificates and these ones (PEM); undefined, which means Node's own, when none are given. */
export function rootCertificates(extra: string | undefined): string[] | undefined {
  return extra === undefined ? undefined : [...known, extra];
}
