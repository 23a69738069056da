import { lookup as lookupName } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AppError } from '../errors.ts';

export interface Address {
  address: string;
  family: number;
}
export type Lookup = (hostname: string) => Promise<readonly Address[]>;

export const systemLookup: Lookup = (hostname) => lookupName(hostname, { all: true });

/** Where an address leads: `forbidden` is never a receiver (link-local and cloud metadata, multicast, unspecified,
 *  translated and tunnelled forms, reserved). */
export type Reach = 'public' | 'private' | 'loopback' | 'forbidden';

const PRIVATE = new Set(['private', 'uniqueLocal', 'carrierGradeNat']);
const PUBLIC_V6 = ipaddr.IPv6.parse('2000::');
/** Services of cloud hosts on addresses that look ordinary. */
const METADATA = new Set(['168.63.129.16', 'fd00:ec2::254', '100.100.100.200']);

export function reachOf(address: string): Reach {
  if (isIP(address) === 0 || METADATA.has(address)) return 'forbidden';
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === 'loopback') return 'loopback';
  if (PRIVATE.has(range)) return 'private';
  return range === 'unicast' && isAssigned(parsed) ? 'public' : 'forbidden';
}

/** All public IPv6 addresses are in 2000::/3; old notations of IPv4, such as ::7f00:1, are not. */
function isAssigned(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  return address instanceof ipaddr.IPv4 || address.match(PUBLIC_V6, 3);
}

/** A receiver as the operator wrote it. */
export interface Receiver {
  url: URL;
  host: string;
  /** An address or `localhost`, written out plainly: the operator knows where it leads. */
  isExplicit: boolean;
  allowPrivate: boolean;
}

/** Checks what can be checked without the network. Throws `E_CONFIG`. */
export function readReceiver(text: string, allowPrivate: boolean): Receiver {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined) throw refusedSetting('it is no URL');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isExplicit = isIP(host) !== 0 || host === 'localhost';
  if (!/^https?:$/.test(url.protocol)) throw refusedSetting('it is no https URL');
  if (url.username !== '' || url.password !== '') throw refusedSetting('it holds a user or password');
  // 0x7f.1, 2130706433 and full-width digits all become 127.0.0.1: only the plain spelling is taken as meant.
  if (isExplicit && writtenHost(text) !== host) throw refusedSetting('its host is not written plainly');
  if (isIP(host) !== 0) checkAddress(host, url);
  return { url, host, isExplicit, allowPrivate };
}

function checkAddress(host: string, url: URL): void {
  const reach = reachOf(host);
  if (reach === 'forbidden') throw refusedSetting('its address is never a receiver');
  if (reach === 'public' && url.protocol === 'http:') throw refusedSetting('only https leaves this network');
}

function writtenHost(text: string): string {
  const authority = /^[a-z]+:\/\/([^/?#\\]*)/i.exec(text.trim())?.[1] ?? '';
  return authority
    .replace(/:\d*$/, '')
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
}

function refusedSetting(why: string): AppError {
  return new AppError('E_CONFIG', `The webhook’s URL is refused: ${why}. Give it as https://name/path.`);
}

/** Resolves the receiver now, and gives only addresses that were checked: connect to these, not to the name. One
 *  forbidden address spoils all, since the next answer could hold only that one. */
export async function checkedAddresses(receiver: Receiver, lookup: Lookup): Promise<readonly Address[]> {
  const { host, url } = receiver;
  const addresses = isIP(host) === 0 ? await lookup(host) : [{ address: host, family: isIP(host) }];
  if (addresses.length === 0) throw new Error(`No address for ${host}.`);
  for (const { address } of addresses) {
    const reach = reachOf(address);
    if (!mayReach(reach, receiver)) {
      throw new AppError(
        'E_NOTIFIER_REFUSED',
        `The webhook’s name leads to a ${reach} address. If that is meant and it is one of your own, set notify.webhook.allowPrivate.`,
        { host, reach },
      );
    }
    if (url.protocol === 'http:' && reach === 'public') {
      throw new AppError('E_NOTIFIER_REFUSED', 'The webhook’s name leads outside, where only https goes.', {
        host,
      });
    }
  }
  return addresses;
}

function mayReach(reach: Reach, { host, isExplicit, allowPrivate }: Receiver): boolean {
  switch (reach) {
    case 'public':
      return true;
    case 'private':
      return allowPrivate || (isExplicit && host !== 'localhost');
    case 'loopback':
      return allowPrivate || isExplicit;
    case 'forbidden':
      return false;
  }
}
