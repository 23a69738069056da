import { describe, expect, it } from 'vitest';
import { AppError } from '../../../services/errors.ts';
import { checkedAddresses, reachOf, readReceiver } from '../../../services/notifiers/egress.ts';

/** Every way to write an inner host that we know of. */
const ODD_SPELLINGS = [
  'http://0x7f.0.0.1/',
  'http://0x7f.1/',
  'http://0x7f000001/',
  'http://0x7F000001/',
  'http://0177.0.0.1/',
  'http://0177.1/',
  'http://017700000001/',
  'http://2130706433/',
  'http://127.1/',
  'http://127.0.1/',
  'http://127.0.0.1./',
  'http://127.1./',
  'http://00127.0.0.1/',
  'http://127.000.000.001/',
  'http://%31%32%37.0.0.1/',
  'http://127%2e0%2e0%2e1/',
  'http://１２７.0.0.1/',
  'http://①②⑦.0.0.1/',
  'http://127。0。0。1/',
  'http://127．0．0．1/',
  'http://[0:0:0:0:0:0:0:1]/',
  'http://[::0001]/',
  'http://[0000::1]/',
  'http://LOCAL%48OST/',
  'http://ｌocalhost/',
  'http://0xa9.0xfe.0xa9.0xfe/',
  'http://2852039166/',
  'http://0251.0376.0251.0376/',
  'http://10.1/',
  'http://0xa000001/',
  'http:\\\\0x7f.1\\',
  'http:/0x7f.1/',
  'http:0x7f.1',
  'https:127.0.0.1',
];
const NEVER_A_RECEIVER = [
  'https://0.0.0.0/',
  'https://0/',
  'https://0.1.2.3/',
  'https://169.254.169.254/latest/meta-data/',
  'https://169.254.170.2/',
  'https://168.63.129.16/',
  'https://100.100.100.200/',
  'https://224.0.0.1/',
  'https://239.255.255.250/',
  'https://255.255.255.255/',
  'https://240.0.0.1/',
  'https://192.0.0.8/',
  'https://192.0.2.1/',
  'https://198.18.0.1/',
  'https://198.51.100.1/',
  'https://203.0.113.1/',
  'https://192.88.99.1/',
  'https://[::]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[::ffff:10.0.0.1]/',
  'https://[::ffff:169.254.169.254]/',
  'https://[::ffff:0:127.0.0.1]/',
  'https://[::127.0.0.1]/',
  'https://[::7f00:1]/',
  'https://[64:ff9b::127.0.0.1]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[64:ff9b:1::a00:1]/',
  'https://[2002:7f00:1::]/',
  'https://[2002:a9fe:a9fe::1]/',
  'https://[2001::1]/',
  'https://[2001:db8::1]/',
  'https://[fe80::1]/',
  'https://[fe80::a9fe:a9fe]/',
  'https://[febf::1]/',
  'https://[fec0::1]/',
  'https://[ff02::1]/',
  'https://[ff0e::1]/',
  'https://[100::1]/',
  'https://[fd00:ec2::254]/',
];
const NO_URL_OF_OURS = [
  'ftp://192.0.2.1/',
  'file:///etc/passwd',
  'gopher://127.0.0.1/',
  'data:text/plain,hello',
  'javascript:alert(1)',
  'unix:/var/run/docker.sock',
  'https://user:pass@hooks.example.com/',
  'https://hooks.example.com@127.0.0.1/',
  'https://127.0.0.1:80@hooks.example.com/',
  'https://[fe80::1%25eth0]/',
  'https://',
  'hooks.example.com/path',
  '',
];
/** What a name must not lead to unless private addresses are allowed. */
const INNER = [
  '127.0.0.1',
  '127.8.8.8',
  '10.0.0.1',
  '10.255.255.255',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.0.1',
  '192.168.255.255',
  '100.64.0.1',
  '100.127.255.255',
  '::1',
  'fc00::1',
  'fd12:3456:789a::1',
];
const FORBIDDEN = [
  '0.0.0.0',
  '169.254.169.254',
  '168.63.129.16',
  '224.0.0.1',
  '255.255.255.255',
  '192.0.2.1',
  '::',
  '::ffff:127.0.0.1',
  '::ffff:7f00:1',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  '2001::1',
  'fe80::1',
  'fe80::1%eth0',
  'ff02::1',
  'fd00:ec2::254',
  'not an address',
];

const named = (address: string) => async () => [{ address, family: address.includes(':') ? 6 : 4 }];
const PUBLIC = '9.9.9.9';

describe('what the operator may write as receiver', () => {
  it.each([...ODD_SPELLINGS, ...NEVER_A_RECEIVER, ...NO_URL_OF_OURS])('refuses %s', (url) => {
    for (const allowPrivate of [false, true]) {
      expect(() => readReceiver(url, allowPrivate)).toThrow(expect.objectContaining({ code: 'E_CONFIG' }));
    }
  });

  it.each([
    'https://hooks.example.com/x?y=z',
    'https://HOOKS.example.com:8443/',
    'https://bücher.example/',
    'http://127.0.0.1:9000/hook',
    'http://localhost:9000/hook',
    'http://[::1]:9000/hook',
    'http://10.1.2.3/hook',
    'https://192.168.1.20/hook',
    `https://${PUBLIC}/hook`,
  ])('takes %s', (url) => {
    expect(readReceiver(url, false).url.href).toBe(new URL(url).href);
  });

  it('sends nothing in clear to a public address', () => {
    expect(() => readReceiver(`http://${PUBLIC}/`, true)).toThrow(
      expect.objectContaining({ code: 'E_CONFIG' }),
    );
  });
});

describe('where a name may lead', () => {
  const receiver = readReceiver('https://hooks.example.com/', false);
  const trusting = readReceiver('https://hooks.example.com/', true);

  it.each([...INNER, ...FORBIDDEN])('not to %s', async (address) => {
    await expect(checkedAddresses(receiver, named(address))).rejects.toMatchObject({
      code: 'E_NOTIFIER_REFUSED',
    });
  });

  it.each(INNER)('to %s when private addresses are allowed', async (address) => {
    await expect(checkedAddresses(trusting, named(address))).resolves.toHaveLength(1);
  });

  it.each(FORBIDDEN)('never to %s, allowed or not', async (address) => {
    await expect(checkedAddresses(trusting, named(address))).rejects.toBeInstanceOf(AppError);
  });

  it('to a public address, and to none when one answer of several is an inner one', async () => {
    await expect(checkedAddresses(receiver, named(PUBLIC))).resolves.toEqual([
      { address: PUBLIC, family: 4 },
    ]);
    const mixed = async () => [
      { address: PUBLIC, family: 4 },
      { address: '127.0.0.1', family: 4 },
    ];
    await expect(checkedAddresses(receiver, mixed)).rejects.toMatchObject({ code: 'E_NOTIFIER_REFUSED' });
  });

  it('to a public address only with TLS', async () => {
    const clear = readReceiver('http://hooks.example.com/', true);
    await expect(checkedAddresses(clear, named(PUBLIC))).rejects.toMatchObject({
      code: 'E_NOTIFIER_REFUSED',
    });
    await expect(checkedAddresses(clear, named('10.0.0.1'))).resolves.toHaveLength(1);
  });

  it('nowhere else for localhost than to this machine', async () => {
    const local = readReceiver('http://localhost/', false);
    await expect(checkedAddresses(local, named('::1'))).resolves.toHaveLength(1);
    await expect(checkedAddresses(local, named('10.0.0.1'))).rejects.toBeInstanceOf(AppError);
  });

  it.each([
    [PUBLIC, 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.0', 'public'],
    ['100.63.255.255', 'public'],
    ['100.128.0.0', 'public'],
    ['2620:fe::fe', 'public'],
    ['172.16.0.0', 'private'],
    ['127.255.255.255', 'loopback'],
  ])('%s is %s', (address, reach) => {
    expect(reachOf(address)).toBe(reach);
  });
});
