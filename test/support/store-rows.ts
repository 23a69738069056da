import { createHash } from 'node:crypto';
import type { Event, KeyId } from '../../detectors/event.ts';
import { eventRow } from '../../services/detect/event-row.ts';
import { encodeRow } from '../../services/stores/tables.ts';
import type { TableName } from '../../services/stores/tables.ts';
import { TABLES } from '../../services/stores/tables.ts';
import { encodeEvent } from '../../services/topics.ts';
import { anEvent } from './events.ts';

/** A row of `events` as detect writes it. */
export function anEventRow(changes: Partial<Event> = {}): string {
  return eventRow(encodeEvent(anEvent({ ts: Date.now(), ...changes })), {
    place: { country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 13.4, radiusKm: 250 },
    network: {
      asn: 64_500,
      organisation: 'Example Net',
      class: 'isp',
      prefix: '192.0.2.0/24',
      source: 'test',
    },
  });
}

export function eventRows(count: number, changes: Partial<Event> = {}): string[] {
  return Array.from({ length: count }, () => anEventRow(changes));
}

export function aKeyId(index: number): KeyId {
  return createHash('sha256').update(`key ${index}`).digest('hex') as KeyId;
}

/** A row of any table: empty texts, zeros and the present where nothing is given. */
export function aRow(table: TableName, values: Readonly<Record<string, unknown>> = {}): string {
  const empty = Object.fromEntries(
    TABLES[table].columns.map(({ name, type }) => {
      if (type.startsWith('Nullable')) return [name, null];
      if (type.startsWith('DateTime64')) return [name, Date.now()];
      return [name, type.includes('String') ? '' : 0];
    }),
  );
  return encodeRow(table, { ...empty, ...values });
}
