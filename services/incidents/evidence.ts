import type { Certainty, Family, Kind, Line } from '../../detectors/detector.ts';
import type { Finding } from '../topics.ts';
import { differences } from './claims.ts';
import type { Claims, EvidencePart } from './incident.ts';

/** Parts of one incident that are kept; beyond, the lightest goes. */
const MAX_PARTS = 32;

/** Bits from which a family of evidence counts as one of the independent families. Below, a single odd call would
 *  count as much as a theft. Families that are not named count with any positive bits. */
const FAMILY_FLOOR_BITS: Partial<Record<Family, number>> = {
  network: 6,
  concurrency: 2.5,
  client: 3,
  model: 2.5,
  hour: 1.5,
};

export function toPart(finding: Finding, isFresh: boolean): EvidencePart {
  return {
    detector: finding.detector,
    findingId: finding.findingId,
    kind: finding.kind,
    ts: finding.ts,
    lines: finding.lines,
    certainty: finding.certainty,
    indicators: finding.indicators,
    events: finding.events,
    usdLost: finding.usdLost,
    usdPerHour: finding.usdPerHour,
    isFresh,
    isLearning: finding.isLearning === true,
    claims: { keyAlias: finding.keyAlias, team: finding.team },
  };
}

/** Whether evidence speaks about the key that the gateway knows. */
export function agreesWith({ claims }: EvidencePart, atGateway: Claims): boolean {
  return claims !== undefined && differences(claims, atGateway).length === 0;
}

export function bitsOf(lines: readonly Line[]): number {
  return lines.reduce((sum, { bits }) => sum + bits, 0);
}

export function linesOf(parts: readonly EvidencePart[]): Line[] {
  return parts.flatMap(({ lines }) => lines);
}

/** Whether `next` says more than what is known of the same story. A repeat and a straggler say nothing new, so
 *  findings may come twice and in any order. */
function isNewer(next: EvidencePart, known: EvidencePart): boolean {
  if (next.ts !== known.ts) return next.ts > known.ts;
  if (next.events !== known.events) return next.events > known.events;
  return bitsOf(next.lines) > bitsOf(known.lines);
}

/** The parts with this one in its place; the same array when it says nothing new. Once the gateway has said whose key
 *  it is, evidence that agrees is never displaced by such that does not, whatever time a forged record gives itself. */
export function mergePart(
  parts: readonly EvidencePart[],
  next: EvidencePart,
  atGateway?: Claims,
): readonly EvidencePart[] {
  const index = parts.findIndex(({ findingId }) => findingId === next.findingId);
  const known = parts[index];
  const agrees = (part: EvidencePart) => atGateway === undefined || agreesWith(part, atGateway);
  if (known === undefined) return lightestOut([...parts, next], agrees);
  const isAsGood = agrees(next) === agrees(known);
  return (isAsGood ? isNewer(next, known) : agrees(next)) ? parts.with(index, next) : parts;
}

function lightestOut(
  parts: EvidencePart[],
  agrees: (part: EvidencePart) => boolean,
): readonly EvidencePart[] {
  if (parts.length <= MAX_PARTS) return parts;
  const lightest = parts.toSorted(
    (a, b) => Number(agrees(a)) - Number(agrees(b)) || weight(a) - weight(b),
  )[0];
  return parts.filter((part) => part !== lightest);
}

/** Certain evidence outweighs everything. */
function weight({ certainty, lines }: EvidencePart): number {
  return (certainty === undefined ? 0 : 1_000_000) + bitsOf(lines);
}

export function heaviest(parts: readonly EvidencePart[]): EvidencePart | undefined {
  return parts.toSorted((a, b) => weight(b) - weight(a))[0];
}

/** From here on evidence about who calls decides what an incident is about: it explains the place and the money, while
 *  neither of those explains it. */
const LEAK_DECIDES_BITS = 6;

export function kindOf(parts: readonly EvidencePart[], before: Kind): Kind {
  const top = heaviest(parts);
  if (top === undefined || top.certainty !== undefined) return top?.kind ?? before;
  const leakBits = bitsOf(linesOf(parts.filter(({ kind }) => kind === 'leaked_key')));
  return leakBits >= LEAK_DECIDES_BITS ? 'leaked_key' : top.kind;
}

export function certaintyOf(parts: readonly EvidencePart[]): Certainty | undefined {
  return heaviest(parts.filter(({ certainty }) => certainty !== undefined))?.certainty;
}

/** Families with something to say, in the order of their weight. */
export function familiesOf(parts: readonly EvidencePart[]): Family[] {
  const bits = bitsByFamily(linesOf(parts), (line) => line.family);
  return [...bits]
    .filter(([, sum]) => sum > 0)
    .sort(([, a], [, b]) => b - a)
    .map(([family]) => family);
}

/** How many independent families speak. Weak lines (an address that may be forged) add bits but no family; a thief
 *  who probes uses unusual models, so those two are one. */
export function independentFamilies(parts: readonly EvidencePart[]): number {
  const strong = linesOf(parts).filter(({ isWeak }) => isWeak !== true);
  const bits = bitsByFamily(strong, ({ family }) => (family === 'probe' ? 'model' : family));
  return [...bits].filter(([family, sum]) => sum > 0 && sum >= (FAMILY_FLOOR_BITS[family] ?? 0)).length;
}

function bitsByFamily(lines: readonly Line[], familyOf: (line: Line) => Family): Map<Family, number> {
  const bits = new Map<Family, number>();
  for (const line of lines) bits.set(familyOf(line), (bits.get(familyOf(line)) ?? 0) + line.bits);
  return bits;
}
