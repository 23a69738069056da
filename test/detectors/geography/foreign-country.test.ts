import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START, features } from '../../support/key-life.ts';
import { contextOf } from '../../support/networks.ts';

const MINUTE = 60_000;
const noon = START + 14 * DAY + 12 * HOUR;

function person(): KeyLife {
  const life = new KeyLife();
  life.work(0, 14);
  return life;
}

describe('a person', () => {
  it('is told of when the key is used abroad minutes after it was used at home', () => {
    const life = person();
    life.call(noon);
    life.call(noon + 10 * MINUTE, { on: 'far' });
    expect(life.signals[0]).toMatchObject({ detector: 'foreign-country', kind: 'geo' });
    expect(features(life.lines('foreign-country'))).toEqual([
      'new-country',
      'two-countries-at-once',
      'travel',
    ]);
    expect(life.bits()).toBeGreaterThanOrEqual(10);
  });

  it('does not travel where several people use the key at the same time', () => {
    const life = new KeyLife();
    for (let half = 0; half < 14 * 48; half += 1)
      life.call(START + half * 30 * MINUTE, { on: half % 2 === 0 ? 'home' : 'office' });
    life.call(noon);
    life.call(noon + 10 * MINUTE, { on: 'far' });
    expect(features(life.lines('foreign-country'))).toContain('new-country');
    expect(features(life.lines('foreign-country'))).not.toContain('travel');
  });

  it('may travel: hotel, café and a phone that takes its network along', () => {
    const life = person();
    for (let day = 15; day < 20; day += 1) {
      for (let hour = 9; hour < 21; hour += 1) {
        const on = (['hotel', 'phone', 'cafe'] as const)[hour % 3] ?? 'hotel';
        life.call(START + day * DAY + hour * HOUR, { on });
      }
    }
    expect(life.bits()).toBeLessThan(8);
  });

  it('may take a phone along whose operator also serves homes, since its range is not the one at home', () => {
    const life = person();
    const roaming = contextOf('home', { range: '192.0.88' });
    for (let hour = 0; hour < 12; hour += 1) {
      life.call(noon + DAY + hour * HOUR, { on: 'hotel' });
      life.call(noon + DAY + hour * HOUR + 20 * MINUTE, { context: roaming });
    }
    expect(life.bits()).toBeLessThan(8);
  });

  it.each([
    { story: 'two hours and a bit after home', gapMs: 2 * HOUR + MINUTE, isTold: false },
    { story: 'just under two hours after home', gapMs: 2 * HOUR - MINUTE, isTold: true },
  ])('abroad $story: at once is $isTold', ({ gapMs, isTold }) => {
    const life = person();
    life.call(noon);
    life.call(noon + gapMs, { on: 'far' });
    expect(features(life.lines('foreign-country')).includes('two-countries-at-once')).toBe(isTold);
  });

  it('is not said to travel by the exit of a VPN or a data centre', () => {
    const life = person();
    life.call(noon);
    life.call(noon + MINUTE, { on: 'vps' });
    life.call(noon + 2 * MINUTE, { on: 'vpn' });
    expect(life.signals.filter(({ kind }) => kind === 'geo')).toEqual([]);
  });

  it('that always roams is no surprise anywhere', () => {
    const life = new KeyLife();
    const countries = ['FR', 'ES', 'IT', 'PL', 'SE', 'NO', 'FI', 'GR', 'CZ', 'AT', 'CH', 'HU', 'RO', 'BG'];
    for (let day = 0; day < 28; day += 1) {
      const country = countries[day % countries.length] ?? 'FR';
      const context = contextOf('hotel', { country, asn: 65_000 + day });
      for (let call = 0; call < 5; call += 1)
        life.call(START + day * DAY + call * HOUR, { on: 'hotel', context });
    }
    life.signals.length = 0;
    for (let call = 0; call < 5; call += 1) life.call(START + 29 * DAY + call * MINUTE, { on: 'far' });
    expect(life.bits()).toBeLessThan(6);
  });

  it('goes unsuspected where keys of other teams have worked for days', () => {
    const bits = (withColleagues: boolean) => {
      const life = person();
      for (let colleague = 0; colleague < 4 && withColleagues; colleague += 1) {
        const other = {
          keyId: `${colleague + 2}`.repeat(64) as KeyId,
          team: `team-${colleague % 2}`,
          user: `u${colleague}`,
        };
        life.work(0, 10, { on: 'hotel', ...other });
      }
      for (let call = 0; call < 5; call += 1) life.call(noon + DAY + call * MINUTE, { on: 'hotel' });
      return life.bits();
    };
    expect(bits(true)).toBeLessThanOrEqual(bits(false) - 3.5);
  });
});

describe('a server key', () => {
  it('is told of on an access network abroad, with no talk of travel', () => {
    const life = new KeyLife();
    life.work(0, 14, { on: 'cloud', hours: [0, 24] });
    life.call(noon, { on: 'far' });
    expect(features(life.lines('foreign-country'))).toContain('new-country');
    expect(features(life.lines('foreign-country'))).not.toContain('travel');
    expect(life.bits()).toBeGreaterThanOrEqual(10);
  });

  it('may fail over to another region of its cloud', () => {
    const life = new KeyLife();
    life.work(0, 14, { on: 'cloud', hours: [0, 24] });
    life.work(14, 1, {
      on: 'cloud',
      hours: [0, 24],
      context: contextOf('cloud', { country: 'SG', range: '192.0.50' }),
    });
    expect(life.bits()).toBeLessThan(8);
  });
});

it('never shows coordinates', () => {
  const life = person();
  life.call(noon);
  life.call(noon + MINUTE, { on: 'far' });
  expect(JSON.stringify(life.signals)).not.toMatch(/43\.2|76\.9|52\.5|13\.4/);
});
