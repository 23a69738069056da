import { describe, expect, it } from 'vitest';
import { Probers } from '../../../detectors/lib/probers.ts';

const DAY = 86_400_000;

describe('addresses that try credentials', () => {
  it('are remembered for a day, with the number of different ones', () => {
    const probers = new Probers();
    for (const credential of ['a', 'b', 'b', 'c']) probers.note({ ip: '192.0.2.1', credential, ts: 0 });
    expect(probers.tried('192.0.2.1', DAY)).toBe(3);
    expect(probers.tried('192.0.2.1', DAY + 1)).toBe(0);
    expect(probers.tried('192.0.2.2', 0)).toBe(0);
  });

  it('are news when the credential is, and once an hour', () => {
    const probers = new Probers();
    const note = (credential: string, ts: number) => probers.note({ ip: '192.0.2.1', credential, ts });
    expect([note('a', 0), note('a', 1), note('b', 2), note('b', DAY / 2), note('b', DAY / 2 + 1)]).toEqual([
      ...[true, false, true, true, false],
    ]);
  });

  it('make room for newer ones', () => {
    const probers = new Probers();
    for (let at = 0; at < 2_100; at += 1) probers.note({ ip: `address-${at}`, credential: 'a', ts: at });
    expect(probers.tried('address-0', 2_100)).toBe(0);
    expect(probers.tried('address-2099', 2_100)).toBe(1);
  });

  it('survive a restart', () => {
    const probers = new Probers();
    probers.note({ ip: '192.0.2.1', credential: 'a', ts: 5 });
    const other = new Probers();
    other.restore(probers.save());
    expect(other.tried('192.0.2.1', 6)).toBe(1);
  });
});
