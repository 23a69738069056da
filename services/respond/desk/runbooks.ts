import { DETECTORS } from '../../../detectors/registry.ts';
import { heaviest } from '../../incidents/evidence.ts';
import type { IncidentSnapshot } from '../../incidents/incident.ts';

/** What to do about it: the runbook of the detector with the heaviest evidence. */
export function runbookOf({ evidence }: IncidentSnapshot): string {
  const detector = heaviest(evidence)?.detector;
  return DETECTORS.find(({ id }) => id === detector)?.runbook ?? '';
}
