import { readFileSync, statSync } from 'node:fs';
import { NETWORK_CLASSES } from '../../detectors/detector.ts';
import type { NetworkClass } from '../../detectors/detector.ts';
import { AppError } from '../errors.ts';
import { parseAddress } from './address.ts';
import type { Address } from './address.ts';

export interface OwnNetwork {
  class: NetworkClass;
  name: string;
}

export interface OwnNetworks {
  origin: string;
  builtAt: number;
  find(address: Address): OwnNetwork | undefined;
}

/** First `bits` of an address as text: 16 bits to a word. */
function prefixKey(address: Address, bits: number): string {
  if (address.family === 4) return `4/${bits}/${bits === 0 ? 0 : address.value >>> (32 - bits)}`;
  const words = address.parts.map((word, index) => {
    const kept = Math.min(16, Math.max(0, bits - index * 16));
    return word >>> (16 - kept);
  });
  return `6/${bits}/${words.join(':')}`;
}

/** Lines `cidr,class,name`: what the operator knows better than any database. The narrowest network counts. */
export function openNetworksFile(path: string): OwnNetworks {
  const byPrefix = new Map<string, OwnNetwork>();
  const lengths = { 4: new Set<number>(), 6: new Set<number>() };
  for (const [index, text] of readFileSync(path, 'utf8').split(/\r?\n/).entries()) {
    const line = text.trim();
    if (line === '' || line.startsWith('#')) continue;
    const { address, bits, network } = parseLine(path, line, index + 1);
    byPrefix.set(prefixKey(address, bits), network);
    lengths[address.family].add(bits);
  }
  const narrowestFirst = (family: 4 | 6) => [...lengths[family]].sort((one, other) => other - one);
  const ordered = { 4: narrowestFirst(4), 6: narrowestFirst(6) };
  const find = (address: Address): OwnNetwork | undefined => {
    const bits = ordered[address.family].find((length) => byPrefix.has(prefixKey(address, length)));
    return bits === undefined ? undefined : byPrefix.get(prefixKey(address, bits));
  };
  return { origin: path, builtAt: statSync(path).mtimeMs, find };
}

function parseLine(path: string, line: string, number: number) {
  const [cidr = '', name = '', ...label] = line.split(',').map((cell) => cell.trim());
  const [start = '', length = ''] = cidr.split('/');
  const address = parseAddress(start);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Infinity;
  const networkClass = NETWORK_CLASSES.find((one) => one === name);
  if (address === undefined || bits > (address.family === 4 ? 32 : 128) || networkClass === undefined) {
    const classes = NETWORK_CLASSES.join(', ');
    throw new AppError(
      'E_GEO_DATA',
      `${path}, line ${number}: must be cidr,class,name with a class of ${classes}.`,
    );
  }
  return { address, bits, network: { class: networkClass, name: label.join(',') } };
}
