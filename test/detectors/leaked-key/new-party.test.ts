import { describe, expect, it } from 'vitest';
import type { Context } from '../../../detectors/detector.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { DAY, HOUR, KeyLife, START, features } from '../../support/key-life.ts';
import { addressIn, contextOf } from '../../support/networks.ts';

const MINUTE = 60_000;
const keyId = '1f'.repeat(32) as KeyId;
const theft = START + 12 * DAY + 22 * HOUR;

/** A person at home and in the office for twelve days. */
function person(): KeyLife {
  const life = new KeyLife();
  for (let day = 0; day < 12; day += 1) life.work(day, 1, { on: day % 2 === 0 ? 'home' : 'office' });
  expect(life.signals).toEqual([]);
  return life;
}

function server(): KeyLife {
  const life = new KeyLife();
  life.work(0, 12, { on: 'cloud', hours: [0, 24], callsAnHour: 4 });
  expect(life.signals).toEqual([]);
  return life;
}

/** Builds: every hour on another machine of a cloud. */
function builds(): KeyLife {
  const life = new KeyLife();
  for (let hour = 0; hour < 20 * 24; hour += 1) onOtherMachine(life, START + hour * HOUR, hour);
  return life;
}

function onOtherMachine(life: KeyLife, ts: number, machine: number): void {
  const context = contextOf('cloud');
  const prefix = `10.${machine % 250}.${Math.floor(machine / 250)}.0/24`;
  const network = { ...context.network, prefix } as NonNullable<Context['network']>;
  life.call(ts, { ip: prefix.replace('0/24', '7'), context: { ...context, network } });
}

describe('a stranger on a key that is always on new machines', () => {
  it('does not hide among them', () => {
    const life = builds();
    const before = life.signals.length;
    for (let call = 0; call < 5; call += 1) life.call(START + 20 * DAY + call * MINUTE, { on: 'hotel' });
    const said = life.signals.slice(before).flatMap(({ lines }) => features(lines));
    expect(said).toContain('new-country');
  });
});

describe('a stranger on a person’s key', () => {
  it('is told of when network and program are new', () => {
    const life = person();
    for (let call = 0; call < 5; call += 1) life.call(theft + call * MINUTE, { on: 'vps', client: 'curl' });
    expect(features(life.lines('new-party'))).toEqual(expect.arrayContaining(['new-network', 'new-client']));
    expect(life.bits()).toBeGreaterThanOrEqual(12);
  });

  it('stays under the level of a message with a new network alone', () => {
    const life = person();
    for (let call = 0; call < 20; call += 1) life.call(theft + call * MINUTE, { on: 'vpn' });
    expect(life.bits()).toBeGreaterThan(4);
    expect(life.bits()).toBeLessThan(8);
  });

  it('weighs more for a dear model than for a cheap one', () => {
    const bitsOf = (costUsd: number) => {
      const life = person();
      for (let call = 0; call < 10; call += 1) {
        life.call(theft + call * MINUTE, { on: 'vps', client: 'curl', model: 'other-model', costUsd });
      }
      return life.lines('new-party').find(({ feature }) => feature === 'new-model')?.bits ?? 0;
    };
    expect(bitsOf(0.01)).toBe(bitsOf(0.001) + 2);
  });

  it('is heavier when many models are tried within an hour, and not when they are spread over days', () => {
    const trying = (gap: number) => {
      const life = person();
      for (let call = 0; call < 6; call += 1) {
        const model = `model-${call}`;
        life.call(theft + call * gap, {
          on: 'vps',
          client: 'curl',
          model,
          outcome: 'model_denied',
          status: 'failure',
        });
      }
      return features(life.lines('new-party')).includes('probing');
    };
    expect(trying(MINUTE)).toBe(true);
    expect(trying(10 * HOUR)).toBe(false);
  });

  it('gets no weight from models that were refused once', () => {
    const life = person();
    for (let call = 0; call < 4; call += 1) {
      life.call(theft + call * MINUTE, {
        on: 'vps',
        client: 'curl',
        model: 'gpt-9',
        outcome: 'model_denied',
        status: 'failure',
      });
    }
    expect(features(life.lines('new-party'))).not.toContain('new-model');
  });

  it('is heavier when the same address tried other credentials before', () => {
    const bits = (others: number) => {
      const life = person();
      for (let other = 0; other < others; other += 1) {
        const unknown = {
          keyId: `${other}`.repeat(64) as KeyId,
          outcome: 'unknown_key',
          status: 'failure',
          keyAlias: '',
          team: '',
        } as const;
        life.call(theft - HOUR + other * MINUTE, { on: 'vps', ...unknown });
      }
      for (let call = 0; call < 5; call += 1) life.call(theft + call * MINUTE, { on: 'vps', client: 'curl' });
      return life.bits();
    };
    expect(bits(3)).toBeCloseTo(bits(2) + 4);
  });

  it.each([
    { story: 'from a hoster with a program of its own', on: 'vps', client: 'curl', more: 4 },
    // Servers that move together do.
    { story: 'from a hoster in the usual program', on: 'vps', client: 'openai-python', more: 0 },
    // Neighbours of the owner share it.
    { story: 'from an access network', on: 'hotel', client: 'curl', more: 0 },
    // Somebody may have forged it.
    { story: 'from an address that may be forged', on: 'vps', client: 'curl', ipTrust: 'low', more: 0 },
  ] as const)('is heavier by $more when the same address uses other keys, too: $story', (how) => {
    const { more } = how;
    const { on, client } = how;
    const ipTrust = 'ipTrust' in how ? how.ipTrust : 'direct';
    const from = { on, client, ipTrust, ip: '203.0.113.9' } as const;
    const bits = (others: number) => {
      const life = new KeyLife();
      const ids = Array.from({ length: others }, (_, other) => `${other}e`.repeat(32) as KeyId);
      for (const id of [...ids, keyId]) life.work(0, 12, { keyId: id, callsAnHour: 1 });
      for (const [at, id] of ids.entries()) life.call(theft - HOUR + at * MINUTE, { ...from, keyId: id });
      const before = life.signals.length;
      for (let call = 0; call < 5; call += 1) life.call(theft + call * MINUTE, from);
      life.signals.splice(0, before);
      return life.bits();
    };
    expect(bits(3)).toBeCloseTo(bits(2) + more);
  });

  it.each([
    { on: 'vps', isWeak: true },
    { on: 'hotel', isWeak: false },
  ] as const)('beside the owner’s server, on $on, is a witness of its own or not', ({ on, isWeak }) => {
    const life = server();
    for (let call = 0; call < 10; call += 1) {
      life.call(theft + call * MINUTE, { on, client: 'curl' });
      life.call(theft + call * MINUTE + 1_000, { on: 'cloud' });
    }
    const together = life.signals
      .flatMap(({ lines }) => lines)
      .filter(({ family }) => family === 'concurrency');
    expect(together.length).toBeGreaterThan(0);
    expect(together.every((line) => (line.isWeak === true) === isWeak)).toBe(true);
  });

  it('is not learned: the same program is still new a day later', () => {
    const life = person();
    for (let call = 0; call < 30; call += 1) life.call(theft + call * MINUTE, { on: 'vps', client: 'curl' });
    expect(life.core.describeKey(keyId)?.profile['clients']).toEqual([
      { client: 'openai-python', calls: 324 },
    ]);
  });

  it('is told as the same story when it comes back after days, and as another one from elsewhere', () => {
    const life = person();
    const steal = (hours: number, on: 'vps' | 'otherCloud') => {
      for (let call = 0; call < 4; call += 1)
        life.call(theft + hours * HOUR + call * MINUTE, { on, client: 'curl' });
      return life.signals.at(-1)?.dedupKey;
    };
    const first = steal(0, 'vps');
    expect(steal(70, 'vps')).toBe(first);
    expect(life.signals.at(-1)?.firstEventAt).toBe(theft + 70 * HOUR);
    expect(steal(140, 'otherCloud')).not.toBe(first);
  });

  it('weighs less when it comes back and nobody had complained', () => {
    const life = person();
    for (let call = 0; call < 4; call += 1) life.call(theft + call * MINUTE, { on: 'vps' });
    const before = life.bits();
    for (let call = 0; call < 4; call += 1) life.call(theft + 30 * HOUR + call * MINUTE, { on: 'vps' });
    expect(life.bits()).toBeLessThan(before);
  });
});

describe('the owner’s own doings', () => {
  it.each([
    { story: 'another program at home', changes: { client: 'cursor' } },
    { story: 'another model at home', changes: { model: 'o3' } },
    {
      story: 'another address range at home',
      changes: { context: contextOf('home', { range: '192.0.99' }) },
    },
    { story: 'an address inside the organisation', changes: { on: 'inside', client: 'curl' } },
    {
      story: 'an address nobody knows',
      changes: { ip: '', ipTrust: 'none', client: 'curl', context: { place: undefined, network: undefined } },
    },
  ] as const)('$story says nothing', ({ changes }) => {
    const life = person();
    for (let call = 0; call < 40; call += 1) life.call(theft + call * MINUTE, changes);
    expect(life.signals).toEqual([]);
  });

  it('a new office is no reason for a message, however long it lasts', () => {
    const life = person();
    life.work(14, 10, { on: 'newOffice' });
    expect(life.bits()).toBeLessThan(8);
  });
});

describe('a service', () => {
  it('may move to another cloud while its old copy still runs', () => {
    const life = server();
    for (let hour = 0; hour < 24; hour += 1) {
      life.call(theft + hour * HOUR, { on: hour % 2 === 0 ? 'cloud' : 'otherCloud' });
    }
    life.work(14, 3, { on: 'otherCloud', hours: [0, 24], callsAnHour: 4 });
    expect(life.bits()).toBeLessThan(8);
  });

  it('may run on runners with a new address every time', () => {
    const life = new KeyLife();
    for (let day = 0; day < 20; day += 1) {
      for (let run = 0; run < 6; run += 1) {
        const range = `192.${day}.${run}`;
        const ts = START + day * DAY + run * 3 * HOUR;
        for (let call = 0; call < 3; call += 1)
          life.call(ts + call * MINUTE, { on: 'cloud', context: contextOf('cloud', { range }) });
      }
    }
    expect(life.bits()).toBeLessThan(8);
  });

  it('is told of when another program drains it from another hoster', () => {
    const life = server();
    for (let call = 0; call < 60; call += 1) life.call(theft + call * 10_000, { on: 'vps', client: 'go' });
    expect(life.bits()).toBeGreaterThanOrEqual(12);
  });

  it('that was silent for weeks comes alive elsewhere', () => {
    const life = new KeyLife();
    life.work(0, 4, { on: 'cloud', hours: [2, 6] });
    const ts = START + 30 * DAY;
    for (let call = 0; call < 5; call += 1) life.call(ts + call * MINUTE, { on: 'vps', client: 'curl' });
    expect(features(life.lines('new-party'))).toContain('dormant-key');
  });
});

describe('an address that may be forged', () => {
  it('gives half the bits, and no family', () => {
    const told = (ipTrust: 'direct' | 'low') => {
      const life = person();
      for (let call = 0; call < 5; call += 1)
        life.call(theft + call * MINUTE, { on: 'far', client: 'curl', ipTrust });
      return life.signals.at(-2)?.lines ?? [];
    };
    const network = (trust: 'direct' | 'low') => told(trust).find(({ family }) => family === 'network');
    expect(network('low')?.isWeak).toBe(true);
    expect(network('direct')?.isWeak).toBeUndefined();
    expect(network('low')?.bits).toBeLessThanOrEqual((network('direct')?.bits ?? 0) / 2 + 1.5);
  });
});

describe('verdicts', () => {
  function stolen(): KeyLife {
    const life = person();
    for (let call = 0; call < 5; call += 1) life.call(theft + call * MINUTE, { on: 'vps', client: 'curl' });
    return life;
  }
  function judged(verdict: 'ours' | 'planned' | 'attack' | 'unclear'): KeyLife {
    const life = stolen();
    const indicators = [...(life.signals.at(-1)?.indicators ?? [])];
    life.core.applyFact({
      type: 'verdict',
      keyId,
      at: theft + HOUR,
      incidentId: 'i',
      verdict,
      indicators,
      until: theft + 90 * DAY,
    });
    life.signals.length = 0;
    return life;
  }

  it.each(['ours', 'planned'] as const)('%s makes network and program known until it ends', (verdict) => {
    const life = judged(verdict);
    for (let call = 0; call < 5; call += 1)
      life.call(theft + 2 * DAY + call * MINUTE, { on: 'vps', client: 'curl' });
    expect(life.signals).toEqual([]);
  });

  it('ours covers what was seen, not everything at the same hoster', () => {
    const life = judged('ours');
    const context = contextOf('vps', { range: '192.0.77' });
    for (let call = 0; call < 5; call += 1)
      life.call(theft + 2 * DAY + call * MINUTE, { on: 'vps', context, client: 'go' });
    expect(life.bits()).toBeGreaterThanOrEqual(8);
  });

  it('attack keeps the network suspicious beyond its probation', () => {
    const life = judged('attack');
    life.work(13, 20);
    for (let call = 0; call < 5; call += 1) life.call(theft + 25 * DAY + call * MINUTE, { on: 'vps' });
    expect(features(life.lines('new-party'))).toContain('called-an-attack');
  });
});

describe('slow poisoning', () => {
  it('does not make a stranger’s network vouch for a flood when its probation is over', () => {
    const life = person();
    for (let day = 12; day < 32; day += 1) {
      life.work(day, 1);
      life.call(START + day * DAY + 20 * HOUR, { on: 'far' });
    }
    life.signals.length = 0;
    const flood = START + 33 * DAY + 20 * HOUR;
    for (let call = 0; call < 100; call += 1)
      life.call(flood + call * MINUTE, { on: 'far', client: 'curl', model: 'o3' });
    expect(life.bits()).toBeGreaterThanOrEqual(8);
  });
});

it('addresses of the story are among its indicators', () => {
  const life = person();
  for (let call = 0; call < 5; call += 1) life.call(theft + call * MINUTE, { on: 'vps', client: 'curl' });
  expect(life.signals.at(-1)?.indicators).toEqual(
    expect.arrayContaining([`ip:${addressIn('vps')}`, 'asn:64540', 'client:curl', 'network:192.0.5.0/24']),
  );
});
