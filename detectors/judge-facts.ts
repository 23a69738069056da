import type { Certainty, Line, Papers, Signal } from './detector.ts';
import type { Event } from './event.ts';
import { canaryLine, canaryUsed } from './leaked-key/canary-used.ts';
import { isAdmitted, leakInUse, leakLine } from './leaked-key/leak-in-use.ts';
import {
  afterRevocationLine,
  isAfterRevocation,
  usedAfterRevocation,
} from './leaked-key/used-after-revocation.ts';
import { isAccepted } from './lib/accepted.ts';
import { isWorthTelling, keySignal, newStory } from './lib/signals.ts';
import type { Telling } from './lib/signals.ts';
import type { FactStory, KeyFacts, KeyProfile } from './profile.ts';

/** One thing that a fact makes of a call. `about` names the fact: same text, same story. */
interface Matter {
  papers: Papers;
  about: string;
  line: Line;
  certainty: Certainty | undefined;
}

export function leakIndicator(leak: { foundAt: number }): string {
  return `leak:${leak.foundAt}`;
}

/** What is known about the key makes this call certain evidence, or nearly. */
export function judgeFacts(profile: KeyProfile, facts: KeyFacts, event: Event): Signal[] {
  const matters = [
    canaryMatter(profile, facts, event),
    leakMatter(profile, facts, event),
    revocationMatter(facts, event),
  ];
  return matters.flatMap((matter) => (matter === undefined ? [] : tellCall(profile, event, matter)));
}

function canaryMatter(profile: KeyProfile, facts: KeyFacts, event: Event): Matter | undefined {
  const line = canaryLine(facts, event);
  if (line === undefined || facts.canary === undefined || isAccepted(profile, 'canary', event.ts))
    return undefined;
  return { papers: canaryUsed, about: `canary:${facts.canary.at}`, line, certainty: 'canary-used' };
}

function leakMatter(profile: KeyProfile, facts: KeyFacts, event: Event): Matter | undefined {
  const { leak } = facts;
  if (leak === undefined || !isAdmitted(event) || event.ts <= leak.foundAt) return undefined;
  const about = leakIndicator(leak);
  const line = leakLine(facts, profile, true);
  if (line === undefined || isAccepted(profile, about, event.ts)) return undefined;
  return { papers: leakInUse, about, line, certainty: leak.isVerified ? 'leak-in-use' : undefined };
}

function revocationMatter(facts: KeyFacts, event: Event): Matter | undefined {
  if (!isAfterRevocation(facts, event)) return undefined;
  return {
    papers: usedAfterRevocation,
    about: `revoked:${facts.revokedAt}`,
    line: afterRevocationLine(facts, event),
    certainty: 'used-after-revocation',
  };
}

/** A report about a key that is known here, at the moment it arrives. */
export function judgeReport(profile: KeyProfile, facts: KeyFacts, at: number): Signal[] {
  const { leak } = facts;
  if (leak === undefined || isAccepted(profile, leakIndicator(leak), at)) return [];
  const isInUse = profile.lastAdmittedAt > leak.foundAt;
  const line = leakLine(facts, profile, isInUse);
  if (line === undefined) return [];
  const certainty = isInUse && leak.isVerified ? 'leak-in-use' : undefined;
  const matter: Matter = { papers: leakInUse, about: leakIndicator(leak), line, certainty };
  const story = storyAbout(profile, matter, at);
  if (isInUse) story.startedAt = leak.foundAt;
  if (!isWorthTelling(story, [line], { ts: at, owner: profile })) return [];
  return [keySignal(profile, factTelling(profile, story, matter, []))];
}

function tellCall(profile: KeyProfile, event: Event, matter: Matter): Signal[] {
  const { ts, costUsd, ip, client } = event;
  const story = storyAbout(profile, matter, ts);
  story.events += 1;
  story.usd += costUsd;
  story.lastAt = Math.max(story.lastAt, ts);
  if (!isWorthTelling(story, [matter.line], { ts, owner: event })) return [];
  const callers = [...(ip === '' ? [] : [`ip:${ip}`]), ...(client === '' ? [] : [`client:${client}`])];
  return [keySignal(event, factTelling(profile, story, matter, callers))];
}

/** The story about this fact; a newer fact of the same sort begins a new one in the place of the old. */
function storyAbout(profile: KeyProfile, { papers, about }: Matter, ts: number): FactStory {
  const known = profile.factStories.find((one) => one.about === about);
  if (known !== undefined) return known;
  const story: FactStory = { ...newStory(ts), detector: papers.id, about };
  profile.factStories = [...profile.factStories.filter(({ detector }) => detector !== papers.id), story];
  return story;
}

function factTelling(
  profile: KeyProfile,
  story: FactStory,
  matter: Matter,
  callers: readonly string[],
): Telling {
  const { papers, about, line, certainty } = matter;
  return {
    papers,
    dedupKey: about,
    ts: story.lastAt,
    lines: [line],
    ...(certainty === undefined ? {} : { certainty }),
    isLearning: false,
    indicators: [about, ...callers],
    firstEventAt: story.startedAt,
    events: story.events,
    usdLost: story.usd,
    usdPerHour: story.events === 0 ? 0 : profile.spend.lastHourUsd(),
  };
}
