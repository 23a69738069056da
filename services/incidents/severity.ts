import type { Family } from '../../detectors/detector.ts';
import { bitsOf, certaintyOf, independentFamilies, linesOf } from './evidence.ts';
import { SEVERITIES } from './incident.ts';
import type { EvidencePart, Severity } from './incident.ts';

/** Families that speak about who calls, as opposed to how much. */
const IDENTITY: readonly Family[] = ['network', 'concurrency', 'client', 'model', 'hour', 'probe'];

/** How bad it looks. Certain evidence is critical at once; everything else by weight, by the number of independent
 *  families, and by how fast money burns. */
export function severityOf(parts: readonly EvidencePart[]): Severity {
  const lines = linesOf(parts);
  const bits = bitsOf(lines);
  const families = independentFamilies(parts);
  const burns = (window: string) => lines.some(({ feature }) => feature.startsWith(`burn-${window}`));
  const identityBits = bitsOf(lines.filter(({ family }) => IDENTITY.includes(family)));
  if (certaintyOf(parts) !== undefined || isMany(families, bits, 3) || (burns('5m') && identityBits >= 6)) {
    return 'critical';
  }
  if (bits >= 12 || isMany(families, bits, 2) || burns('1h')) return 'high';
  return bits >= 8 || burns('6h') || burns('24h') ? 'medium' : bits >= 6 ? 'low' : 'info';
}

function isMany(families: number, bits: number, atLeast: number): boolean {
  return families >= atLeast && bits >= 10;
}

export function isAtLeast(severity: Severity, floor: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(floor);
}

export function worse(a: Severity, b: Severity): Severity {
  return isAtLeast(a, b) ? a : b;
}
