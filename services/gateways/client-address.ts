import { BlockList, isIP, isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { IpTrust } from '../../detectors/event.ts';

export interface ClientAddress {
  /** Canonical text; empty when there is no usable address. */
  ip: string;
  trust: IpTrust;
}

/** Gets what the gateway logged as client address, '' for nothing. */
export type AddressResolver = (raw: string) => ClientAddress;

const NONE: ClientAddress = { ip: '', trust: 'none' };
/** Longer chains are not looked at beyond their right end. */
const MAX_HOPS = 32;
/** No address is written longer than this, brackets, port and blanks included. */
const MAX_HOP_CHARS = 64;
const CACHE_SIZE = 20_000;
const MAX_CACHED_CHARS = 128;

/** Canonical text of a strictly written address (port and brackets taken off, IPv4-mapped unwrapped), or ''. */
export function canonicalAddress(text: string): string {
  if (text.length > MAX_HOP_CHARS) return '';
  let address = text.trim();
  if (address.startsWith('[')) {
    const close = address.indexOf(']');
    if (close < 0 || !/^(:\d{1,5})?$/.test(address.slice(close + 1))) return '';
    address = address.slice(1, close);
    if (isIPv4(address)) return '';
  } else if (/^\d{1,3}(\.\d{1,3}){3}:\d{1,5}$/.test(address)) {
    address = address.slice(0, address.indexOf(':'));
  }
  if (isIP(address) === 0 || address.includes('%')) return '';
  if (isIPv4(address)) return address;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.isIPv4MappedAddress() ? parsed.toIPv4Address().toString() : parsed.toRFC5952String();
}

/** Finds the caller in what a gateway logged as client address: one address, or the whole text of X-Forwarded-For.
 *  Everything left of the first untrusted hop from the right is the caller's own claim and never matters.
 *
 *  `proxiesAreSet`: the operator named the proxies. If not, a chain is resolved over private hops only and the result
 *  counts as little trusted, because the hop that wrote it is unknown. */
export function createAddressResolver(
  trustedProxies: readonly string[],
  proxiesAreSet: boolean,
): AddressResolver {
  const isTrusted = createRangeTest(trustedProxies);

  function resolve(raw: string): ClientAddress {
    const trust = raw.includes(',') && !proxiesAreSet ? 'low' : 'direct';
    let nearest = '';
    let end = raw.length;
    for (let hops = 0; hops < MAX_HOPS && end >= 0; hops += 1) {
      const comma = end === 0 ? -1 : raw.lastIndexOf(',', end - 1);
      const ip = canonicalAddress(raw.slice(comma + 1, end));
      // Junk where an address should be: whoever wrote it is not to be believed, nor anything before it.
      if (ip === '') break;
      nearest = ip;
      if (!isTrusted(ip)) break;
      end = comma;
    }
    return nearest === '' ? NONE : { ip: nearest, trust };
  }

  const cache = new Map<string, ClientAddress>();
  return (raw) => {
    if (raw === '') return NONE;
    const known = cache.get(raw);
    if (known !== undefined) return known;
    const resolved = resolve(raw);
    if (raw.length > MAX_CACHED_CHARS) return resolved;
    if (cache.size >= CACHE_SIZE) cache.clear();
    cache.set(raw, resolved);
    return resolved;
  };
}

function createRangeTest(ranges: readonly string[]): (ip: string) => boolean {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits = ''] = range.split('/');
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (bits === '') list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (ip) => list.check(ip, isIPv4(ip) ? 'ipv4' : 'ipv6');
}
