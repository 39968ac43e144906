/** Properties of the egress policy: nothing but what is listed, whatever it is spelled like. */
import {
  addressKind,
  canonicalAddress,
  decideName,
  explainRefusal,
  mayDial,
  parsePattern,
  parseTarget,
} from '@ash-ai/shared/egress';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const everything = ['*:*'];
const port = fc.integer({ min: 1, max: 65_535 });
const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,10}[a-z0-9])?$/);
const name = fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join('.'));
const byte = fc.integer({ min: 0, max: 255 });
const address4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));

/** Ways to write one IPv4 address into a URL. */
function spellings(address: string): string[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const whole = ((a * 256 + b) * 256 + c) * 256 + d;
  const hex = (value: number) => value.toString(16);
  return [
    address,
    String(whole),
    `0x${hex(whole)}`,
    `0x${hex(a)}.${b}.${c}.${d}`,
    `0${a.toString(8)}.${b}.${c}.${d}`,
    `${a}.${b}.${c * 256 + d}`,
    `${address}.`,
  ];
}

describe('addresses', () => {
  test.each([
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['10.1.2.3', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'shared'],
    ['100.128.0.1', 'public'],
    ['169.254.169.254', 'metadata'],
    ['168.63.129.16', 'metadata'],
    ['169.254.1.1', 'link-local'],
    ['224.0.0.1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::ffff:8.8.8.8', 'mapped'],
    ['::ffff:7f00:1', 'mapped'],
    ['::127.0.0.1', 'mapped'],
    ['64:ff9b::7f00:1', 'mapped'],
    ['64:ff9b:1::1', 'mapped'],
    ['2002:7f00:1::', 'mapped'],
    ['2001:0:1::1', 'mapped'],
    ['2001:db8::1', 'reserved'],
    ['fd00::1', 'private'],
    ['fd00:ec2::254', 'metadata'],
    ['fe80::1', 'link-local'],
    ['ff02::1', 'multicast'],
    ['5f00::1', 'reserved'],
    ['fe80::1%eth0', 'malformed'],
    ['127.1', 'malformed'],
    ['0127.0.0.1', 'malformed'],
    ['1:2:3', 'malformed'],
    ['::1::', 'malformed'],
    ['', 'malformed'],
  ])('%s is %s', (address, kind) => {
    expect(addressKind(address)).toBe(kind);
  });

  test('an IPv6 address has one spelling, and it is of the same kind', () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const canonical = canonicalAddress(address);
        expect(canonical).toBeDefined();
        expect(canonicalAddress(canonical ?? '')).toBe(canonical);
        expect(addressKind(canonical ?? '')).toBe(addressKind(address));
      }),
    );
  });

  test('no text makes it throw', () => {
    fc.assert(fc.property(fc.string(), (text) => void [addressKind(text), canonicalAddress(text)]));
  });
});

describe('policy', () => {
  const target = (host: string, at: number) =>
    parseTarget(host.includes(':') ? `[${host}]:${at}` : `${host}:${at}`) ?? expect.fail(host);

  test('an empty list allows nothing, whatever the ceiling', () => {
    fc.assert(
      fc.property(name, port, (host, at) => {
        expect(decideName({ allow: [], ceiling: everything }, target(host, at), 'connect')).toEqual({
          reason: 'not_listed',
        });
      }),
    );
  });

  test('a name means itself alone, on ports 443 and 80', () => {
    fc.assert(
      fc.property(name, name, port, (listed, asked, at) => {
        const decided = decideName({ allow: [{ host: listed }], ceiling: everything }, target(asked, at), 'plain');
        expect('rule' in decided).toBe(listed === asked && (at === 443 || at === 80));
      }),
    );
  });

  test('a suffix means what is below it', () => {
    fc.assert(
      fc.property(name, label, (suffix, sub) => {
        const policy = { allow: [{ host: `*.${suffix}` }], ceiling: everything };
        expect(decideName(policy, target(`${sub}.${suffix}`, 443), 'connect')).toHaveProperty('rule');
        for (const other of [suffix, `${sub}${suffix}`, `${suffix}.${sub}`]) {
          expect(decideName(policy, target(other, 443), 'connect')).toEqual({ reason: 'not_listed' });
        }
      }),
    );
  });

  test('a ceiling takes away, and never adds', () => {
    fc.assert(
      fc.property(name, name, (listed, ceiling) => {
        const decided = decideName({ allow: [{ host: listed }], ceiling: [ceiling] }, target(listed, 443), 'connect');
        expect('rule' in decided).toBe(listed === ceiling);
        expect(decideName({ allow: [], ceiling: [ceiling] }, target(ceiling, 443), 'connect')).toEqual({
          reason: 'not_listed',
        });
      }),
    );
  });

  test('methods are told apart', () => {
    const policy = { allow: [{ host: 'a.example', methods: ['plain'] as const }], ceiling: ['*'] };
    expect(decideName(policy, target('a.example', 443), 'connect')).toEqual({ reason: 'method_not_allowed' });
    expect(decideName(policy, target('a.example', 443), 'plain')).toHaveProperty('rule');
  });

  test('an address that is not public is dialled only when list and ceiling both name it', () => {
    fc.assert(
      fc.property(fc.oneof(address4, fc.ipV6()), port, (given, at) => {
        const address = canonicalAddress(given) ?? '';
        const bare = address.includes(':') ? `[${address}]:${at}` : `${address}:${at}`;
        const isPublic = addressKind(address) === 'public';
        expect(mayDial({ allow: [{ host: '*:*' }], ceiling: everything }, address, at)).toBe(isPublic);
        expect(mayDial({ allow: [{ host: bare }], ceiling: everything }, address, at)).toBe(isPublic);
        expect(mayDial({ allow: [{ host: '*:*' }], ceiling: [bare] }, address, at)).toBe(isPublic);
        expect(mayDial({ allow: [{ host: bare }], ceiling: [bare] }, address, at)).toBe(true);
      }),
    );
  });

  test('every spelling of an IPv4 address is that address', () => {
    fc.assert(
      fc.property(address4, (address) => {
        for (const spelling of spellings(address)) {
          expect(parseTarget(`${spelling}:80`)).toEqual({ host: address, isAddress: true, port: 80 });
        }
      }),
    );
  });

  test.each([
    '',
    ':80',
    'a.example',
    'a.example:0',
    'a.example:65536',
    'a.example:08',
    'user@a.example:80',
    'a.example/x:80',
    'a b:80',
    '[::1:80',
    'a..b:80',
    'a%2eb:80',
    'a.example:80:80',
    '[fe80::1%25eth0]:80',
    '-:80',
    '*:80',
  ])('not a target: %j', (text) => {
    expect(parseTarget(text)).toBeUndefined();
  });

  test.each(['', '*.', '*.*', 'a.*', '**', '*.10.0.0.1', 'a.example:*x', 'http://a.example', 'a.example/', '*:0'])(
    'not a pattern: %j',
    (text) => {
      expect(parsePattern(text)).toBeUndefined();
    },
  );

  test('no text makes it throw, and a target is never something else when it is read again', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parsePattern(text);
        const read = parseTarget(text, 80);
        if (read !== undefined) expect(target(read.host, read.port)).toEqual(read);
      }),
    );
  });

  test('a refusal says what to do', () => {
    expect(explainRefusal('not_listed', { host: 'api.example.com', port: 443 })).toContain(
      'add "api.example.com" to "allow"',
    );
    expect(explainRefusal('not_listed', { host: 'api.example.com', port: 8443 })).toContain('"api.example.com:8443"');
  });
});
