import type { KeySummary } from './detector.ts';
import { describeNetwork } from './lib/network-novelty.ts';
import { listed } from './lib/words.ts';
import type { KeyProfile } from './profile.ts';

function day(ts: number): string {
  return new Date(ts).toISOString().slice(0, 10);
}

/** What is normal for a key, for people. */
export function describeProfile(profile: KeyProfile, learningMs: number): KeySummary {
  const { keyId, gateway, keyAlias, team, user, firstAt, lastAt, calls, costUsd, spend } = profile;
  const cents = (usd: number) => Math.round(usd * 10_000) / 10_000;
  return {
    keyId,
    gateway,
    keyAlias,
    team,
    user,
    firstSeenAt: firstAt,
    lastSeenAt: lastAt,
    calls,
    costUsd,
    isLearning: lastAt < firstAt + learningMs,
    profile: {
      countries: profile.countries.map((one) => ({ country: one.name, since: day(one.firstAt) })),
      networks: profile.networks.map((one) => ({
        network: describeNetwork(one),
        asn: one.asn,
        class: one.class,
        since: day(one.firstAt),
        last: day(one.lastAt),
        calls: one.calls,
        on_probation: one.evidence !== undefined && one.trustedAt > lastAt,
      })),
      clients: profile.clients.map(({ name, calls: count }) => ({ client: name, calls: count })),
      models: profile.models.map(({ name, calls: count }) => ({ model: name, calls: count })),
      hours_utc: profile.hourSessions.map((sessions) => Math.round(sessions * 10) / 10),
      usd_per_day: cents(spend.meanDayUsd()),
      usd_last_24h: cents(spend.lastDayUsd()),
      summary: `${listed(profile.countries.map(({ name }) => name))}; ${listed(profile.clients.map(({ name }) => name))}`,
    },
  };
}
