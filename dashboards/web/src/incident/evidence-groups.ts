import type { EvidenceLine } from '../../../../services/api/schema.ts';
import { roundToSum } from '../format.ts';

export interface ShownLine extends EvidenceLine {
  /** In tenths: the shown bits of all lines add up to the shown score. */
  shownBits: number;
}

export interface EvidenceGroup {
  family: EvidenceLine['family'];
  lines: readonly ShownLine[];
  shownBits: number;
}

/** Lines by family, the heaviest family and the heaviest line first. */
export function groupEvidence(lines: readonly EvidenceLine[]): EvidenceGroup[] {
  const byFamily = new Map<EvidenceLine['family'], EvidenceLine[]>();
  for (const line of lines) byFamily.set(line.family, [...(byFamily.get(line.family) ?? []), line]);
  const sorted = [...byFamily.values()]
    .sort((a, b) => sum(b) - sum(a))
    .flatMap((group) => group.sort((a, b) => b.bits - a.bits));
  const rounded = roundToSum(sorted.map(({ bits }) => bits));
  const shown = sorted.map((line, index): ShownLine => ({ ...line, shownBits: rounded[index] ?? 0 }));
  return [...new Set(shown.map(({ family }) => family))].map((family) => {
    const own = shown.filter((line) => line.family === family);
    return { family, lines: own, shownBits: total(own.map(({ shownBits }) => shownBits)) };
  });
}

/** Adds tenths without the dust of binary fractions. */
export function total(tenths: readonly number[]): number {
  return Math.round(tenths.reduce((all, value) => all + value * 10, 0)) / 10;
}

function sum(lines: readonly EvidenceLine[]): number {
  return lines.reduce((all, { bits }) => all + bits, 0);
}
