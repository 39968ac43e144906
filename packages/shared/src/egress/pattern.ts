/** Which hosts a rule of an egress policy means: `name`, `*.suffix`, `*`, an address; each with a port, `:*`, or 443 and 80. Pure. */
import { canonicalAddress } from './address.ts';

/** A pattern, taken apart. */
export interface HostPattern {
  kind: 'any' | 'suffix' | 'name' | 'address';
  /** The name, the suffix with its dot, or the address without brackets; empty for `any`. */
  value: string;
  ports: 'any' | readonly number[];
}

/** A host and port that somebody wants to reach, in their one spelling. */
export interface Target {
  /** A name in lower case, or an address without brackets. */
  host: string;
  isAddress: boolean;
  port: number;
}

const defaultPorts: readonly number[] = [443, 80];

/**
 * A pattern such as `api.example.com`, `*.example.com:8443`, `*`, `10.0.0.5:*` or `[fd00::1]:80`; undefined when it is none.
 * `*.example.com` means every name below example.com, not example.com itself; `*` means every name and public address.
 */
export function parsePattern(text: string): HostPattern | undefined {
  const { host, port } = splitPort(text);
  const ports = port === undefined ? defaultPorts : port === '*' ? 'any' : portsOf(port);
  if (ports === undefined) return undefined;
  if (host === '*') return { kind: 'any', value: '', ports };
  if (host.startsWith('*.')) {
    const name = canonicalHost(host.slice(2));
    return name === undefined || name.isAddress ? undefined : { kind: 'suffix', value: `.${name.host}`, ports };
  }
  const exact = canonicalHost(host);
  return exact && { kind: exact.isAddress ? 'address' : 'name', value: exact.host, ports };
}

/** A `host:port` as a client names it; undefined when it is not a host, or a port is missing and there is no default. */
export function parseTarget(authority: string, defaultPort?: number): Target | undefined {
  const { host, port } = splitPort(authority);
  const exact = canonicalHost(host);
  const number = port === undefined ? defaultPort : portsOf(port)?.[0];
  return exact === undefined || number === undefined ? undefined : { ...exact, port: number };
}

/** Whether a pattern means this host and port. `any` means it also for an address. */
export function matches(pattern: HostPattern, target: Target): boolean {
  if (pattern.ports !== 'any' && !pattern.ports.includes(target.port)) return false;
  switch (pattern.kind) {
    case 'any':
      return true;
    case 'suffix':
      return !target.isAddress && target.host.length > pattern.value.length && target.host.endsWith(pattern.value);
    case 'name':
      return !target.isAddress && target.host === pattern.value;
    case 'address':
      return target.isAddress && target.host === pattern.value;
  }
}

/** `host:port` for people, with brackets where they belong. */
export function formatTarget({ host, port }: Pick<Target, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function splitPort(text: string): { host: string; port: string | undefined } {
  const [, host = text, port] = /^(\[[^\]]*\]|[^:]*)(?::([^:]*))?$/.exec(text) ?? [];
  return { host, port };
}

function portsOf(text: string): number[] | undefined {
  const port = /^[1-9]\d{0,4}$/.test(text) ? Number(text) : 0;
  return port >= 1 && port <= 65_535 ? [port] : undefined;
}

/** As a browser would spell it, so that `LOCALHOST`, `127.1` and `0x7f000001` are what they mean. */
function canonicalHost(text: string): { host: string; isAddress: boolean } | undefined {
  if (text === '' || text.length > 255 || !/^(?:\[[0-9a-f:.]+\]|[^\s/\\?#@:[\]%]+)$/i.test(text)) return undefined;
  let host: string;
  try {
    host = new URL(`http://${text}/`).hostname;
  } catch {
    return undefined;
  }
  const bare = host.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const address = canonicalAddress(bare);
  if (address !== undefined) return { host: address, isAddress: true };
  return /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?$/.test(bare) && !bare.includes('..')
    ? { host: bare, isAddress: false }
    : undefined;
}
