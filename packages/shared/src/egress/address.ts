/** Addresses in their one spelling, and which of them nobody reaches through a proxy unless they are listed themselves. Pure. */

/** `public`, or why not. */
export type AddressKind =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'shared'
  | 'link-local'
  | 'metadata'
  | 'multicast'
  | 'mapped'
  | 'reserved'
  | 'malformed';

type Range = readonly [prefix: string, kind: Exclude<AddressKind, 'public' | 'malformed'>];

/** IPv4 blocks that aren't the public internet (IANA special-purpose registry); the first that fits counts. */
const ranges4: readonly Range[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['169.254.169.254/32', 'metadata'],
  ['169.254.0.0/16', 'link-local'],
  ['168.63.129.16/32', 'metadata'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'reserved'],
  ['192.88.99.0/24', 'reserved'],
  ['192.168.0.0/16', 'private'],
  ['198.18.0.0/15', 'reserved'],
  ['198.51.100.0/24', 'reserved'],
  ['203.0.113.0/24', 'reserved'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
];

/** IPv6 blocks; whatever is not in 2000::/3 and not named here is reserved as well. */
const ranges6: readonly Range[] = [
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::/96', 'mapped'],
  ['::ffff:0:0/96', 'mapped'],
  ['::ffff:0:0:0/96', 'mapped'],
  ['64:ff9b::/32', 'mapped'],
  ['2001::/32', 'mapped'],
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'reserved'],
  ['2002::/16', 'mapped'],
  ['3fff::/20', 'reserved'],
  ['fd00:ec2::254/128', 'metadata'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

/** What an address is; anything that isn't exactly one address is `malformed`. */
export function addressKind(address: string): AddressKind {
  const four = parse4(address);
  if (four !== undefined) return ranges4.find(([block]) => isIn4(four, block))?.[1] ?? 'public';
  const six = parse6(address);
  if (six === undefined) return 'malformed';
  const named = ranges6.find(([block]) => isIn6(six, block))?.[1];
  return named ?? (six >> 125n === 1n ? 'public' : 'reserved');
}

/** The one spelling of an address, without brackets; undefined when `text` isn't one. */
export function canonicalAddress(text: string): string | undefined {
  if (parse4(text) !== undefined) return text;
  const six = parse6(text);
  return six === undefined ? undefined : new URL(`http://[${text}]/`).hostname.slice(1, -1);
}

function isIn4(address: number, block: string): boolean {
  const [base = '', bits] = block.split('/');
  const shift = 32 - Number(bits);
  // Division, as a shift by 32 would be one by 0.
  return Math.floor(address / 2 ** shift) === Math.floor((parse4(base) ?? Number.NaN) / 2 ** shift);
}

function isIn6(address: bigint, block: string): boolean {
  const [base = '', bits] = block.split('/');
  const shift = BigInt(128 - Number(bits));
  return address >> shift === (parse6(base) ?? -1n) >> shift;
}

/** Four decimal numbers without leading zeros: other spellings mean different addresses to different programs. */
function parse4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let value = 0;
  for (const part of parts) {
    if (!/^(?:0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value;
}

function parse6(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2 || !text.includes(':')) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail === undefined ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

function groupsOf(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const four = index === parts.length - 1 ? parse4(part) : undefined;
    if (four !== undefined) groups.push(Math.floor(four / 65_536), four % 65_536);
    else if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}
