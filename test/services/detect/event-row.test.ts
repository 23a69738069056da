import { describe, expect, it } from 'vitest';
import type { Event } from '../../../detectors/event.ts';
import { eventRow } from '../../../services/detect/event-row.ts';
import { TABLES } from '../../../services/stores/tables.ts';
import { encodeEvent } from '../../../services/topics.ts';
import { anEvent } from '../../support/events.ts';

const NOWHERE = { place: undefined, network: undefined };
const BERLIN = {
  place: { country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 13.4, radiusKm: 250 },
  network: {
    asn: 64_500,
    organisation: 'Example "Net", Ltd',
    class: 'isp',
    prefix: '192.0.2.0/24',
    source: 'test',
  },
} as const;

function cellsOf(row: string): Record<string, unknown> {
  const cells = JSON.parse(row) as unknown[];
  expect(cells).toHaveLength(TABLES.events.columns.length);
  return Object.fromEntries(TABLES.events.columns.map(({ name }, index) => [name, cells[index]]));
}

/** `keyAlias` is `key_alias`, and so on. */
const columnOf = (field: string) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe('a row of `events`', () => {
  it('has each field of an event in the column of its name', () => {
    const numbered = Object.entries(anEvent()).map(([field, value], index) => {
      if (typeof value === 'boolean') return [field, true];
      return [field, typeof value === 'number' ? 1_000 + index : `text ${index.toString()}`];
    });
    const event = Object.fromEntries(numbered) as unknown as Event;
    const cells = cellsOf(eventRow(encodeEvent(event), NOWHERE));
    for (const [field, value] of Object.entries(event) as [string, unknown][]) {
      expect({ field, cell: cells[columnOf(field)] }).toEqual({
        field,
        cell: field === 'isImport' ? 1 : value,
      });
    }
  });

  it('has what was looked up for its address', () => {
    const cells = cellsOf(eventRow(encodeEvent(anEvent()), BERLIN));
    expect(cells).toMatchObject({
      country: 'DE',
      city: 'Berlin',
      asn: 64_500,
      as_org: 'Example "Net", Ltd',
      network_class: 'isp',
    });
  });

  it('is empty where nothing is known of its address', () => {
    const cells = cellsOf(eventRow(encodeEvent(anEvent({ ip: '' })), NOWHERE));
    expect(cells).toMatchObject({ country: '', city: '', asn: 0, as_org: '', network_class: '' });
  });
});
