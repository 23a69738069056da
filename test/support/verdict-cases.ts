import type { Context } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import { encodeEvent } from '../../services/topics.ts';
import { eventRow } from '../../services/detect/event-row.ts';
import { anIncidentSnapshot } from './notifications.ts';
import { anEvent } from './events.ts';
import { DAY, HOUR, START } from './key-life.ts';
import { addressIn, contextOf } from './networks.ts';
import type { IncidentSnapshot } from '../../services/incidents/incident.ts';

/** The life of one key, and an incident in it, as they lie in the store. */
export interface Recorded {
  calls: readonly { event: Event; context: Context }[];
  incident: IncidentSnapshot & { keyId: Event['keyId'] };
}

export const STORY_AT = START + 9 * DAY + 3 * HOUR;
const CALLS = 30;

/** Nine working days at home, then half an hour of calls in the night from a hoster abroad, by another program, for a
 *  dear model. Whose calls these are only people know. */
export function aNightAbroad(verdict: IncidentSnapshot['verdict']): Recorded {
  const { keyId } = anEvent();
  const calls: Recorded['calls'][number][] = [];
  const call = (on: 'home' | 'vps', changes: Partial<Event>) => {
    const eventId = `${verdict}-${calls.length}`;
    calls.push({ event: anEvent({ ip: addressIn(on), ...changes, eventId }), context: contextOf(on) });
  };
  for (let day = 0; day < 9; day += 1)
    for (let hour = 8; hour < 17; hour += 1) call('home', { ts: START + day * DAY + hour * HOUR });
  const strange = { client: 'curl', userAgent: 'curl/8.5.0', model: 'o1-pro', costUsd: 2 };
  for (let at = 0; at < CALLS; at += 1) call('vps', { ...strange, ts: STORY_AT + at * 60_000 });
  const times = { firstEventAt: STORY_AT, lastEventAt: STORY_AT + (CALLS - 1) * 60_000 };
  const incident = anIncidentSnapshot({
    ...times,
    ...{ incidentId: `inc_night_${verdict}`, status: 'resolved', verdict, closedAt: STORY_AT + HOUR },
    ...{ title: 'Key in use by somebody new', severity: 'high', certainty: undefined },
    ...{ keyId, entity: { type: 'key', keyId } },
  });
  const evidence = incident.evidence.map((part) => ({ ...part, indicators: indicatorsOf() }));
  return { calls, incident: { ...incident, keyId, evidence } };
}

/** What the detectors point at in this story. */
function indicatorsOf(): string[] {
  const { network, place } = contextOf('vps');
  const id = `${String(network?.asn)}/${String(place?.country)}`;
  return [
    `asn:${String(network?.asn)}`,
    `network:${id}`,
    `network:${String(network?.prefix)}`,
    `country:${String(place?.country)}`,
    'client:curl',
    'model:o1-pro',
    'spend',
  ];
}

export function rowsOf({ calls }: Recorded): string[] {
  return calls.map(({ event, context }) => eventRow(encodeEvent(event), context));
}
