/** Where webhooks may be sent. */
import { describe, expect, test } from 'vitest';
import { Targets } from '../../src/webhooks/target.ts';

const resolve = async (host: string): Promise<readonly string[]> => {
  const known: Record<string, string[]> = {
    'public.example': ['2606:4700::1111', '93.184.216.34'],
    'inner.example': ['10.0.0.7'],
    'mixed.example': ['127.0.0.1', '93.184.216.34', '::1'],
    'metadata.example': ['169.254.169.254'],
    'mapped.example': ['::ffff:127.0.0.1'],
    'gone.example': [],
  };
  const found = known[host];
  if (found === undefined) throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  return found;
};

const closed = new Targets([], resolve);
const open = new Targets(['inner.example:8080', '127.0.0.1:*', '*.metadata.example', 'metadata.example:80'], resolve);

/** Why a URL is refused. */
function refusal(url: string, targets = closed): string | undefined {
  try {
    targets.check(url);
    return undefined;
  } catch (error) {
    expect(error).toMatchObject({ code: 'webhook_url_invalid', statusCode: 400 });
    return String((error as { details: { reason: string } }).details.reason);
  }
}

describe('a URL', () => {
  test.each([
    ['', /no address/],
    ['example.com/hook', /no address/],
    [`https://example.com/${'x'.repeat(2100)}`, /no address/],
    ['ftp://example.com/', /not an https address/],
    ['javascript:alert(1)', /not an https address/],
    ['https://user:secret@example.com/', /user or a password/],
    ['https://example.com/#part', /fragment/],
    ['http://example.com/', /only https/],
    ['https://127.0.0.1/', /no public address/],
    ['https://127.1/', /no public address/],
    ['https://0x7f000001/', /no public address/],
    ['https://2130706433/', /no public address/],
    ['https://[::1]/', /no public address/],
    ['https://[::ffff:127.0.0.1]/', /no public address/],
    ['https://[64:ff9b::7f00:1]/', /no public address/],
    ['https://10.1.2.3/', /no public address/],
    ['https://192.168.0.1:8443/', /no public address/],
    ['https://169.254.169.254/latest/meta-data', /no public address/],
    ['https://100.100.100.200/', /no public address/],
    ['https://[fd00:ec2::254]/', /no public address/],
    ['https://0.0.0.0/', /no public address/],
  ])('%s is refused', (url, reason) => {
    expect(refusal(url)).toMatch(reason);
  });

  test('of a public host by https is taken; what is listed also by http', () => {
    expect(refusal('https://example.com/hook?x=1')).toBeUndefined();
    expect(refusal('https://example.com:8443/hook')).toBeUndefined();
    expect(refusal('https://93.184.216.34/')).toBeUndefined();
    expect(refusal('http://inner.example:8080/', open)).toBeUndefined();
    expect(refusal('http://127.0.0.1:1234/', open)).toBeUndefined();
    expect(refusal('http://inner.example:8081/', open)).toMatch(/only https/);
    expect(refusal('https://127.0.0.2/', open)).toMatch(/no public address/);
  });
});

describe('a name', () => {
  const addresses = async (url: string, targets = closed) => (await targets.find(url)).addresses;

  test('is resolved once, and only its public addresses are kept', async () => {
    expect(await addresses('https://public.example/')).toEqual(['2606:4700::1111', '93.184.216.34']);
    expect(await addresses('https://mixed.example/')).toEqual(['93.184.216.34']);
    expect(await addresses('https://93.184.216.34/')).toEqual(['93.184.216.34']);
  });

  test.each([
    ['https://inner.example/', /inner\.example is at 10\.0\.0\.7, no public address/],
    ['https://metadata.example/', /is at 169\.254\.169\.254/],
    ['https://mapped.example/', /is at ::ffff:127\.0\.0\.1/],
    ['https://nowhere.example/', /name nowhere\.example was not found/],
    ['https://gone.example/', /name gone\.example was not found/],
  ])('%s leads nowhere', async (url, reason) => {
    await expect(addresses(url)).rejects.toThrow(reason);
  });

  test('that the operator lists may be private; the machine’s metadata needs its address listed', async () => {
    expect(await addresses('http://inner.example:8080/', open)).toEqual(['10.0.0.7']);
    await expect(addresses('https://inner.example/', open)).rejects.toThrow(/no public address/);
    await expect(addresses('http://metadata.example/', open)).rejects.toThrow(/no public address/);
    expect(
      await addresses('http://metadata.example/', new Targets(['metadata.example', '169.254.169.254'], resolve)),
    ).toEqual(['169.254.169.254']);
  });
});
