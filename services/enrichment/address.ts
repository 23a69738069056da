import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A strictly parsed address. IPv6 is known by its upper 64 bits: what is below belongs to one subscriber's network. */
export type Address =
  { family: 4; value: number } | { family: 6; high: number; low: number; parts: readonly number[] };

/** Accepts only what is written strictly and canonically; IPv4-mapped addresses are unwrapped. */
export function parseAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { family: 4, value: valueOfV4(text) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const parsed = ipaddr.IPv6.parse(text);
  if (parsed.isIPv4MappedAddress()) return { family: 4, value: valueOfV4(parsed.toIPv4Address().toString()) };
  const parts = parsed.parts;
  const word = (index: number) => parts[index] ?? 0;
  return { family: 6, high: word(0) * 65_536 + word(1), low: word(2) * 65_536 + word(3), parts };
}

function valueOfV4(text: string): number {
  let value = 0;
  for (const part of text.split('.')) value = value * 256 + Number(part);
  return value;
}

/** /24 or /48, as text: what moves together. */
export function prefixOf(address: Address): string {
  if (address.family === 4) {
    const value = address.value;
    return `${(value >>> 24).toString()}.${((value >>> 16) & 255).toString()}.${((value >>> 8) & 255).toString()}.0/24`;
  }
  const [a = 0, b = 0, c = 0] = address.parts;
  return `${new ipaddr.IPv6([a, b, c, 0, 0, 0, 0, 0]).toRFC5952String()}/48`;
}

const RESERVED_V4: readonly (readonly [start: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
];
const RESERVED_V4_RANGES = RESERVED_V4.map(([start, bits]) => {
  const from = valueOfV4(start);
  return [from, from + 2 ** (32 - bits) - 1] as const;
});

/** Address space that belongs to nobody in particular: private, shared, loopback, documentation, multicast. */
export function isReserved(address: Address): boolean {
  if (address.family === 4)
    return RESERVED_V4_RANGES.some(([from, to]) => address.value >= from && address.value <= to);
  const first = address.high >>> 16;
  const isGlobal = first >= 0x2000 && first <= 0x3fff;
  if (!isGlobal) return !isTranslated(address);
  return RESERVED_V6.some(([high, bits]) => address.high >>> (32 - bits) === high >>> (32 - bits));
}

/** Inside the global space: benchmarks, identifiers that are no addresses, documentation. Upper 32 bits and their number. */
const RESERVED_V6: readonly (readonly [high: number, bits: number])[] = [
  [0x2001_0002, 32],
  [0x2001_0010, 28],
  [0x2001_0020, 28],
  [0x2001_0db8, 32],
  [0x3fff_0000, 20],
];

/** 64:ff9b::/96 for everybody, 64:ff9b:1::/48 for local use. */
function isNat64([first, second, third, fourth, fifth, sixth]: readonly number[]): boolean {
  if (first !== 0x64 || second !== 0xff9b) return false;
  return third === 1 || [third, fourth, fifth, sixth].every((word) => word === 0);
}

/** NAT64, 6to4 and Teredo: the address says how it got here, not where from. */
export function isTranslated(address: Address): boolean {
  if (address.family === 4) return false;
  return isNat64(address.parts) || address.high >>> 16 === 0x2002 || address.high === 0x2001_0000;
}
