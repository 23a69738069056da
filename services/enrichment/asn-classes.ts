import { NETWORK_CLASSES } from '../../detectors/detector.ts';
import type { NetworkClass } from '../../detectors/detector.ts';

/** What kind of network an autonomous system is: facts from its operator's own description, collected by hand. The big ones
 *  only; names decide for the rest. */
const LISTED: Readonly<Partial<Record<NetworkClass, readonly number[]>>> = {
  hosting: [
    // Amazon, Microsoft, Google, Oracle, IBM, Alibaba, Tencent, Huawei Cloud
    16509, 14618, 8987, 8075, 8068, 8069, 396982, 15169, 19527, 31898, 36351, 45102, 37963, 132203, 45090,
    136907, 55990,
    // OVH, Hetzner, DigitalOcean, Linode, Vultr, Scaleway, Leaseweb, Contabo, Ionos, netcup
    16276, 24940, 213230, 14061, 63949, 20473, 12876, 60781, 28753, 30633, 59253, 51167, 40021, 141995, 8560,
    197540,
    // Hostinger, GoDaddy, Namecheap, DreamHost, Rackspace, Equinix Metal, HostPapa, Unified Layer, Liquid Web, Hivelocity
    47583,
    26496, 398101, 22612, 26347, 33070, 27357, 54825, 12989, 40065, 35916, 36352, 54290, 46606, 32244, 29802,
    // M247, Datacamp, Clouvider, HostRoyale, Psychz, QuadraNet, Zenlayer, Sharktech, FranTech, 1337 Services
    9009, 60068, 212238, 62240, 203020, 207990, 40676, 8100, 21859, 46844, 53667, 210558,
    // Selectel, Yandex Cloud, Timeweb, Reg.ru, Beget, Servers Tech, Aeza, Chang Way, Scalaxy, WorldStream, Hostkey
    49505,
    200350, 9123, 197695, 198610, 216071, 210644, 44477, 57523, 58061, 49981, 50867, 210616,
    // UpCloud, Exoscale, Gcore, Fly.io, Railway, BL Networks
    202053, 61098, 199524, 40509, 400940, 399629,
    // NForce, Global Layer, Serverius, Kamatera, Interserver, velia, Servers.com, DediPath, ReliableSite
    43350, 49453, 50673, 36007, 19318, 29066, 7979, 35913, 23470,
    // Private Layer, Blix, EDIS, 4Media: hosters many VPN operators rent from
    51852, 50304, 57169, 202325,
    // Naver, NHN, Sakura, GMO, Xserver, E2E, CtrlS, Netmagic
    23576, 10038, 9371, 7684, 7506, 131965, 132420, 18229, 17439,
  ],
  // Delivery networks and anycast resolvers (Quad9, OpenDNS, Packet Clearing House): one address, many places.
  cdn: [
    13335, 209242, 394536, 202623, 132892, 54113, 20940, 16625, 21342, 32787, 22822, 15133, 19551, 30148,
    200325, 19281, 36692, 42, 3856,
  ],
  // Egress of iCloud Private Relay that Akamai runs for Apple.
  relay: [36183],
  // Commercial VPN operators with systems of their own.
  vpn: [39351, 209854, 136557, 136787, 141039, 147049, 207137, 62371, 198605, 206092],
  // Operators of Tor exits.
  tor: [60729, 208323, 62744, 198093, 205100],
  mobile: [
    // T-Mobile US, Verizon Wireless, AT&T Mobility, Vodafone, O2, EE, Three UK
    21928, 22394, 6167, 20057, 15502, 35228, 12576, 206067, 60339, 25135,
    // U Mobile, Singtel Mobile, XL, Telkomsel, Jio, Airtel, Vi, SoftBank, docomo, SKT, LGU+
    38466, 45143, 24203, 23693, 55836, 45609, 38266, 17676, 9605, 9644, 17853,
    // Turkcell, MTS, MegaFon, Vivo, MTN, Safaricom, Optus, Bell Mobility
    16135, 8359, 31133, 26599, 16637, 37061, 33771, 7474, 36522, 14654,
  ],
  education: [
    // Research and university networks
    11537, 20965, 680, 786, 2200, 137, 766, 1103, 2603, 1930, 559, 1853, 2852, 8501, 2611, 513, 3, 18, 32, 87,
    73, 111, 55, 4538, 2907, 9270, 7575, 24490, 1916,
  ],
};

const BY_NUMBER = new Map<number, NetworkClass>();
for (const name of NETWORK_CLASSES) for (const number of LISTED[name] ?? []) BY_NUMBER.set(number, name);

/** What an organisation calls itself tells what it does, mostly; the first match counts. */
const BY_NAME: readonly (readonly [pattern: RegExp, name: NetworkClass])[] = [
  [/\btor\b.*\b(exit|relay|project)|\b(exit|relay)\b.*\btor\b|torservers|emerald onion|quintex/i, 'tor'],
  [
    /\bvpn\b|mullvad|nordvpn|surfshark|expressvpn|proton ?(ag|vpn)|privado|windscribe|ipvanish|cyberghost|packethub/i,
    'vpn',
  ],
  [
    /universit|\bcollege\b|\bschool|institute of technology|\bedu\b|academ|research (and education )?network|hochschule|universid/i,
    'education',
  ],
  [/\bcdn\b|content delivery|cloudflare|fastly|akamai|edgecast|imperva|incapsula/i, 'cdn'],
  [
    /hosting|hoster|\bhost\b|cloud|data ?cent(er|re)|datacamp|\bserver|\bvps\b|dedicated|colo(cation)?\b|rechenzentrum|compute|\bidc\b|webservices|web services|infrastructure as/i,
    'hosting',
  ],
  [/mobile|wireless|cellular|\blte\b|\bgsm\b|movil|mobil\b/i, 'mobile'],
];

export interface Classified {
  class: NetworkClass;
  source: string;
}

/** Class of an autonomous system; `unknown` for number 0. */
export function classifyNetwork(asn: number, organisation: string): Classified {
  const listed = BY_NUMBER.get(asn);
  if (listed !== undefined) return { class: listed, source: 'table of network operators' };
  if (asn === 0) return { class: 'unknown', source: 'no announced network' };
  const known = knownNames.get(organisation) ?? classifyName(organisation);
  // There are some 80,000 organisations; a mounted file may name them as it likes.
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(organisation, known);
  return known;
}

/** Trying the patterns costs more than all the rest of a lookup. */
const knownNames = new Map<string, Classified>();
const MAX_KNOWN_NAMES = 100_000;

function classifyName(organisation: string): Classified {
  const named = BY_NAME.find(([pattern]) => pattern.test(organisation));
  if (named !== undefined) return { class: named[1], source: 'name of the organisation' };
  return { class: 'isp', source: 'announced network of no special kind' };
}
