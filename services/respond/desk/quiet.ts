import type { Dossier } from './dossier.ts';
import type { Turn } from './turn.ts';

/** An incident that nobody touched closes when nothing new came for so long, event time. */
export const QUIET_MS = 24 * 60 * 60_000;

/** Nothing new had come when this moment of event time was reached, and neither people nor an action hold it open. */
export function wentQuiet({ incident, open }: Dossier, at: number): boolean {
  const isUntouched = incident.status === 'open' && open.length === 0;
  const isContained = incident.containment !== 'none' && incident.containment !== 'simulated';
  return isUntouched && !isContained && at - incident.lastEventAt >= QUIET_MS;
}

export function closeQuietly(turn: Turn, dossier: Dossier): void {
  const note = 'Nothing new for 24 hours.';
  turn.change(dossier, { type: 'resolve', at: turn.now, actor: 'policy', note, verdict: 'unclear' });
}
