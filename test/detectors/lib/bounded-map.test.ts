import { describe, expect, it } from 'vitest';
import { BoundedMap } from '../../../detectors/lib/bounded-map.ts';

const KEPT = Infinity;

/** Of numbers that are their own worth; those worth infinitely much are kept. */
function aMap(max: number) {
  return new BoundedMap<string, number>({ max, isKept: (value) => value === KEPT, worth: (value) => value });
}

describe('a bounded map', () => {
  it('drops what is worth least of those it looks at, and says what', () => {
    const map = aMap(3);
    map.add('much', 9);
    map.add('little', 1);
    map.add('some', 5);
    expect(map.add('new', 2)).toEqual(['little']);
    expect([...map].map(([key]) => key)).toEqual(['much', 'some', 'new']);
  });

  it('never drops what is kept, and does not grow beyond twice as much of that', () => {
    const map = aMap(500);
    for (let at = 0; at < 1_000; at += 1) map.add(`kept-${at}`, KEPT);
    for (let at = 0; at < 50_000; at += 1) map.add(`new-${at}`, 1);
    expect(map.size).toBeLessThanOrEqual(2_100);
    expect([...map].filter(([, value]) => value === KEPT)).toHaveLength(1_000);
  });

  it('shrinks to its maximum after that was made smaller', () => {
    const map = aMap(100);
    for (let at = 0; at < 300; at += 1) map.restore(`old-${at}`, 1);
    const dropped = Array.from({ length: 400 }, (_, at) => map.add(`new-${at}`, 1)).flat();
    expect(map.size).toBe(100);
    expect(dropped).toHaveLength(600);
  });
});
