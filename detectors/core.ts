import { describeProfile } from './describe.ts';
import type { Context, Core, CoreSettings, Fact, KeySummary, News, Rollup, Signal } from './detector.ts';
import type { Event, KeyId } from './event.ts';
import { judgeFacts, judgeReport } from './judge-facts.ts';
import { judgeCaller } from './judge-key.ts';
import { judgeSpend } from './judge-spend.ts';
import { judgeVolume } from './judge-volume.ts';
import { BoundedMap } from './lib/bounded-map.ts';
import { Egress } from './lib/egress.ts';
import { FactBook } from './lib/fact-book.ts';
import { KeyBook } from './lib/key-book.ts';
import { NewsDesk } from './lib/news-desk.ts';
import { Probers } from './lib/probers.ts';
import { RollupBook } from './lib/rollup-book.ts';
import { TeamMinutes } from './lib/team-minutes.ts';
import { newTeam, restoreTeam, saveTeam, takeMinute } from './lib/teams.ts';
import type { TeamProfile } from './lib/teams.ts';
import { fillNames, newProfile } from './profile.ts';
import type { KeyProfile } from './profile.ts';
import { judgeTeamMinute } from './spend/team-burn.ts';

const DAY_MS = 86_400_000;
/** A key not seen for this long is forgotten, unless a fact about it is known. */
const FORGET_MS = 400 * DAY_MS;
/** About 5 kB each. */
const MAX_TEAMS = 20_000;

const NONE: readonly Signal[] = [];

export function createCore(settings: CoreSettings): Core {
  return new DetectorCore(settings);
}

class DetectorCore implements Core {
  readonly #settings: CoreSettings;
  readonly #keys: KeyBook;
  /** What was there first is worth most: names that somebody makes up come later. */
  readonly #teams = new BoundedMap<string, TeamProfile>({
    max: MAX_TEAMS,
    isKept: () => false,
    worth: ({ firstAt }) => -firstAt,
  });
  readonly #facts = new FactBook({
    has: (keyId) => this.#keys.has(keyId),
    get: (keyId) => this.#keys.get(keyId),
  });
  readonly #egress = new Egress();
  readonly #probers = new Probers();
  readonly #news: NewsDesk;
  readonly #rollups: RollupBook;
  readonly #minutes = new TeamMinutes();
  readonly #changedKeys = new Set<KeyId>();
  readonly #changedTeams = new Set<string>();
  #sweptDay = 0;
  #forgotten = 0;

  constructor(settings: CoreSettings) {
    this.#settings = settings;
    const factsOf = (keyId: KeyId) => this.#facts.get(keyId);
    this.#keys = new KeyBook({ max: settings.maxKeys, maxReady: settings.maxReadyKeys, factsOf });
    this.#rollups = new RollupBook(settings.partition);
    this.#news = new NewsDesk(this.#egress, this.#probers, settings.partitions > 1);
  }

  judge(event: Event, context: Context): readonly Signal[] {
    const profile = this.#profileOf(event);
    if (profile === undefined) {
      this.#news.noteProbe(event);
      this.#rollups.add(event);
      return NONE;
    }
    this.#changedKeys.add(event.keyId);
    fillNames(profile, event);
    this.#rollups.add(event);
    // A refusal that we caused says nothing new about the caller, and teaches nothing.
    if (event.outcome === 'blocked_key' || event.outcome === 'team_blocked') return NONE;
    const certain = profile.facts === undefined ? NONE : judgeFacts(profile, profile.facts, event);
    const spend = judgeSpend(profile, event, this.#settings.learningMs);
    const volume = judgeVolume(profile, event, this.#settings.learningMs);
    const caller = judgeCaller(profile, event, context, {
      egress: this.#egress,
      probers: this.#probers,
      news: this.#news,
      learningMs: this.#settings.learningMs,
    });
    noteCall(profile, event);
    if (certain.length === 0 && spend.length === 0 && volume.length === 0) return caller;
    return [...certain, ...caller, ...spend, ...volume];
  }

  applyFact(fact: Fact): readonly Signal[] {
    const profile = this.#keys.get(fact.keyId);
    const facts = this.#facts.apply(fact, profile);
    if (profile === undefined) return NONE;
    profile.facts = facts;
    this.#changedKeys.add(fact.keyId);
    return fact.type === 'leak' ? judgeReport(profile, facts, fact.at) : NONE;
  }

  drainRollups(): readonly Rollup[] {
    return this.#rollups.drain();
  }

  rollupsOpenFrom(): number {
    return this.#rollups.openFrom();
  }

  takeRollup(rollup: Rollup): void {
    if (takeMinute(this.#teamOf(rollup), rollup)) this.#minutes.add(rollup);
  }

  closeMinutes(before: number): readonly Rollup[] {
    return this.#minutes.takeBefore(before);
  }

  judgeRollup(rollup: Rollup): readonly Signal[] {
    return judgeTeamMinute(this.#teamOf(rollup), rollup, this.#settings.learningMs);
  }

  drainNews(): News {
    return this.#news.drain();
  }

  learnNews(news: News): void {
    this.#news.learn(news);
  }

  tick(watermark: number): readonly Signal[] {
    this.#rollups.moveTo(watermark);
    const day = Math.floor(watermark / DAY_MS);
    if (day > this.#sweptDay) {
      this.#sweptDay = day;
      this.#forget(watermark);
    }
    return NONE;
  }

  takeForgotten(): number {
    const forgotten = this.#forgotten;
    this.#forgotten = 0;
    return forgotten;
  }

  takeChanged(): string[] {
    const names = [
      ...[...this.#changedKeys].map((keyId) => `key:${keyId}`),
      ...[...this.#changedTeams].map((team) => `team:${team}`),
      ...this.#facts.takeChanged().map((keyId) => `facts:${keyId}`),
      ...this.#egress.takeChanged().map((asn) => `egress:${asn}`),
    ];
    if (this.#probers.takeChanged()) names.push('probers');
    if (this.#rollups.takeChanged()) names.push('rollups');
    if (this.#minutes.takeChanged()) names.push('minutes');
    this.#changedKeys.clear();
    this.#changedTeams.clear();
    return names;
  }

  save(name: string): string | undefined {
    const { type, id } = splitName(name);
    switch (type) {
      case 'key':
        return this.#keys.save(id as KeyId);
      case 'team': {
        const team = this.#teams.get(id);
        return team === undefined ? undefined : saveTeam(team);
      }
      case 'facts':
        return this.#facts.save(id as KeyId);
      case 'egress':
        return this.#egress.save(Number(id));
      case 'probers':
        return this.#probers.save();
      case 'rollups':
        return this.#rollups.save();
      case 'minutes':
        return this.#minutes.save();
      default:
        return undefined;
    }
  }

  /** Entries may come in any order. */
  restore(name: string, text: string): void {
    const { type, id } = splitName(name);
    switch (type) {
      case 'key':
        this.#keys.restore(id as KeyId, text);
        break;
      case 'team':
        this.#teams.restore(id, restoreTeam(text));
        break;
      case 'facts':
        this.#facts.restore(id as KeyId, text);
        break;
      case 'egress':
        this.#egress.restore(Number(id), text);
        break;
      case 'probers':
        this.#probers.restore(text);
        break;
      case 'rollups':
        this.#rollups.restore(text);
        break;
      case 'minutes':
        this.#minutes.restore(text);
        break;
      default:
        break;
    }
  }

  describeKey(keyId: KeyId): KeySummary | undefined {
    const profile = this.#keys.peek(keyId);
    return profile === undefined ? undefined : describeProfile(profile, this.#settings.learningMs);
  }

  /** The key's profile; undefined for what is no key of this gateway. A key about which a fact is known (a canary) gets
   *  one whatever became of the call. */
  #profileOf(event: Event): KeyProfile | undefined {
    const known = this.#keys.get(event.keyId);
    if (known !== undefined) return known;
    const facts = this.#facts.get(event.keyId);
    if (facts === undefined && isNobodysKey(event)) return undefined;
    const profile = newProfile(event);
    profile.facts = facts;
    this.#noteForgotten(this.#keys.add(profile), this.#changedKeys);
    return profile;
  }

  #teamOf(rollup: Rollup): TeamProfile {
    let team = this.#teams.get(rollup.team);
    if (team === undefined) {
      team = newTeam(rollup.team, rollup.minute);
      this.#noteForgotten(this.#teams.add(rollup.team, team), this.#changedTeams);
    }
    this.#changedTeams.add(rollup.team);
    return team;
  }

  #noteForgotten<Name>(dropped: readonly Name[], changed: Set<Name>): void {
    this.#forgotten += dropped.length;
    for (const name of dropped) changed.add(name);
  }

  #forget(watermark: number): void {
    for (const keyId of this.#keys.forgetBefore(watermark - FORGET_MS)) this.#changedKeys.add(keyId);
  }
}

function isNobodysKey({ keyId, outcome }: Event): boolean {
  if (keyId === '' || keyId.startsWith('foreign:')) return true;
  return outcome === 'unknown_key' || outcome === 'no_key' || outcome === 'foreign_credential';
}

function noteCall(profile: KeyProfile, event: Event): void {
  profile.calls += 1;
  profile.costUsd += event.costUsd;
  if (event.status === 'success' && event.ts > profile.lastAdmittedAt) profile.lastAdmittedAt = event.ts;
  if (event.ts <= profile.lastAt) return;
  profile.longestGapMs = Math.max(profile.longestGapMs, event.ts - profile.lastAt);
  profile.lastAt = event.ts;
}

function splitName(name: string): { type: string; id: string } {
  const colon = name.indexOf(':');
  return colon === -1 ? { type: name, id: '' } : { type: name.slice(0, colon), id: name.slice(colon + 1) };
}
