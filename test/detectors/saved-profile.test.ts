import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../detectors/event.ts';
import { SpendSeries } from '../../detectors/lib/spend-series.ts';
import { newProfile } from '../../detectors/profile.ts';
import type { KeyProfile, OpenStory } from '../../detectors/profile.ts';
import { glance, isSavedProfile, restoreProfile, saveProfile } from '../../detectors/saved-profile.ts';
import { anEvent } from '../support/events.ts';

const KEY = 'ab'.repeat(32) as KeyId;
const HOUR = 3_600_000;

/** Every field has a value that no other one has. */
function aFullProfile(): KeyProfile {
  let count = 100;
  const next = () => (count += 1);
  const seen = (name: string) => ({ name, firstAt: next(), lastAt: next(), calls: next() });
  const story = (): OpenStory => ({
    ...{ startedAt: next(), lastAt: next(), events: next(), usd: next() },
    told: [{ name: 'story', bits: next(), at: next() }],
  });
  const spend = new SpendSeries();
  for (let hour = 0; hour < 60; hour += 1) spend.add(hour * HOUR, hour / 7, true);
  const numbers = {
    ...{ firstAt: next(), lastAt: next(), longestGapMs: next(), lastAdmittedAt: next(), calls: next() },
    ...{ costUsd: next() / 3, sessions: next() / 7, multiSessions: next() / 9, day: next() },
    ...{ callsToday: next(), pricedUsd: next() / 11, pricedTokens: next() },
  };
  return {
    ...newProfile(anEvent({ keyId: KEY })),
    ...numbers,
    ...{ gateway: 'a gateway', keyAlias: 'an "alias"', team: 'a team', teamAlias: 'its name', user: 'dana' },
    firsts: { country: next(), asn: next(), prefix: next(), client: next(), model: next() },
    classSessions: { access: next(), hosting: next(), anonymous: next() },
    hourSessions: Array.from({ length: 24 }, next),
    networks: [
      {
        ...{ id: '1/NO', asn: next(), organisation: 'a network', class: 'hosting', country: 'NO' },
        ...{ firstAt: next(), lastAt: next(), settledAt: next(), sessionHour: next(), sessions: next() },
        ...{ calls: next(), trustedAt: next(), share: 1 / 3, day: next(), callsToday: next() },
        prefixes: [
          { prefix: '192.0.2.0/24', firstAt: next() },
          { prefix: '198.51.100.0/24', firstAt: next() },
        ],
        evidence: {
          ...{ isNewCountry: true, isNewSystem: false, path: next(), networkClass: next() },
          ...{ concurrency: next(), travel: next(), dormancy: next(), normal: 'usual', besides: 'other' },
        },
      },
    ],
    ...{
      asns: [seen('1')],
      countries: [seen('NO'), seen('SE')],
      clients: [seen('curl')],
      models: [seen('m')],
    },
    lastPlace: { country: 'NO', latitude: 59.9, longitude: 10.7, radiusKm: next(), ts: next() },
    party: {
      ...{ startedAt: next(), storyAt: next(), lastAt: next(), networks: ['1/NO'], networkCount: next() },
      ...{
        newCountries: ['SE'],
        countryRate: 0.5,
        ips: ['192.0.2.1'],
        clients: [{ name: 'c', bits: next() }],
      },
      ...{ models: ['m'], modelBits: next(), hourModels: ['n'], mostHourModels: next(), hourRefused: next() },
      ...{ mostHourRefused: next(), otherKeys: next(), calls: next(), usd: next(), tokens: next() },
      ...{ hourBits: next(), sessions: next(), hour: next(), hourCalls: next(), mostHourCalls: next() },
      ...{ hourUsd: next(), ownAt: next(), turns: next(), turnsSince: next(), isLowTrust: true },
      ...{ tellers: ['new-party'], bits: next(), told: [{ name: 'told', bits: next(), at: next() }] },
    },
    burn: story(),
    floods: [{ ...story(), detector: 'token-drain' }],
    factStories: [{ ...story(), detector: 'leak-in-use', about: 'a leak' }],
    spend,
  };
}

describe('what is normal for a key, as text', () => {
  it('gives back every field', () => {
    const profile = aFullProfile();
    const restored = restoreProfile(KEY, saveProfile(profile, 7));
    expect(restored).toEqual(profile);
    expect(restored.spend.save()).toEqual(profile.spend.save());
  });

  it('gives back what is not there yet as not there', () => {
    const profile = newProfile(anEvent({ keyId: KEY }));
    expect(restoreProfile(KEY, saveProfile(profile, 0))).toStrictEqual(profile);
  });

  it('shows without being read when the key was used last, and what it is worth', () => {
    const text = saveProfile(aFullProfile(), 7);
    expect(glance(text)).toEqual({ lastAt: aFullProfile().lastAt, worth: 7 });
  });

  it('is not what an older version wrote', () => {
    expect(isSavedProfile('{"lastAt":1,"worth":2,"keyId":"ab"}')).toBe(false);
    expect(isSavedProfile(saveProfile(aFullProfile(), 7))).toBe(true);
  });

  it('begins anew with the spend of a key or team that an older version wrote', () => {
    const series = new SpendSeries();
    series.restore({ bucket: 9, current: 5, hourUsd: 5, baseline: [1, 2], numbers: '-bc 1k2j3' } as never);
    expect(series.save()).toEqual(new SpendSeries().save());
  });
});
