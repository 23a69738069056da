import type { Family, Line } from '../detector.ts';
import { roundBits } from './bits.ts';

export interface Observation {
  family: Family;
  feature: string;
  bits: number;
  observed: string;
  normal: string;
  text: string;
}

/** Adds a line unless it weighs nothing. */
export function addLine(lines: Line[], line: Observation): void {
  const bits = roundBits(line.bits);
  if (bits !== 0) lines.push({ ...line, bits });
}
