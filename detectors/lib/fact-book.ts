import type { Fact, Verdict } from '../detector.ts';
import type { KeyId } from '../event.ts';
import type { KeyFacts, KeyProfile, Party } from '../profile.ts';
import type { KeyBook } from './key-book.ts';

const MAX_KEYS = 100_000;
const MAX_ACCEPTED = 64;
const MAX_HOSTILE = 64;

function noFacts(): KeyFacts {
  return { leak: undefined, canary: undefined, revokedAt: 0, accepted: [], hostile: [] };
}

/** What is known about keys from outside their traffic, also about keys that were never seen: a leak report or a canary
 *  may come first. */
export class FactBook {
  readonly #facts = new Map<KeyId, KeyFacts>();
  readonly #changed = new Set<KeyId>();
  readonly #keys: Pick<KeyBook, 'has' | 'get'>;

  /** `keys`: those with which a call was seen. */
  constructor(keys: Pick<KeyBook, 'has' | 'get'>) {
    this.#keys = keys;
  }

  get(keyId: KeyId): KeyFacts | undefined {
    return this.#facts.size === 0 ? undefined : this.#facts.get(keyId);
  }

  apply(fact: Fact, profile: KeyProfile | undefined): KeyFacts {
    const facts = this.#facts.get(fact.keyId) ?? this.#add(fact.keyId);
    this.#changed.add(fact.keyId);
    switch (fact.type) {
      case 'leak':
        if (facts.leak === undefined || isStronger(fact, facts.leak)) facts.leak = fact;
        break;
      case 'canary':
        facts.canary = fact;
        break;
      case 'revoked':
        facts.revokedAt = Math.max(facts.revokedAt, fact.at);
        break;
      case 'restored':
        facts.revokedAt = 0;
        accept(facts, openIndicators(facts, profile), fact.graceUntil);
        break;
      case 'verdict':
        applyVerdict(facts, fact, profile);
        break;
    }
    return facts;
  }

  takeChanged(): KeyId[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  save(keyId: KeyId): string | undefined {
    const facts = this.#facts.get(keyId);
    return facts === undefined ? undefined : JSON.stringify(facts);
  }

  restore(keyId: KeyId, text: string): KeyFacts {
    const facts = JSON.parse(text) as KeyFacts;
    this.#facts.set(keyId, facts);
    return facts;
  }

  #add(keyId: KeyId): KeyFacts {
    if (this.#facts.size >= MAX_KEYS) this.#makeRoom();
    const facts = noFacts();
    this.#facts.set(keyId, facts);
    return facts;
  }

  /** Whoever may report leaks could flood the book, so it is reports that make room: first of all the oldest about keys
   *  that are not in use here. */
  #makeRoom(): void {
    let victim: KeyId | undefined;
    for (const [keyId, { canary, revokedAt }] of this.#facts) {
      if (canary !== undefined || revokedAt > 0) continue;
      victim ??= keyId;
      if (this.#keys.has(keyId)) continue;
      victim = keyId;
      break;
    }
    if (victim === undefined) return;
    this.#facts.delete(victim);
    this.#changed.add(victim);
    // As it would be after a restart; and a profile with facts is never dropped.
    const profile = this.#keys.get(victim);
    if (profile !== undefined) profile.facts = undefined;
  }
}

/** The newest report counts, but an unsure one does not replace a sure one. */
function isStronger(
  next: { at: number; isVerified: boolean },
  known: { at: number; isVerified: boolean },
): boolean {
  return next.isVerified === known.isVerified ? next.at > known.at : next.isVerified;
}

function accept(facts: KeyFacts, indicators: readonly string[], until: number): void {
  const others = facts.accepted.filter(({ indicator }) => !indicators.includes(indicator));
  facts.accepted = [...others, ...indicators.map((indicator) => ({ indicator, until }))].slice(-MAX_ACCEPTED);
}

/** What a key that is put back into service stands accused of at this moment. */
function openIndicators(facts: KeyFacts, profile: KeyProfile | undefined): string[] {
  const known = facts.leak === undefined ? [] : [`leak:${facts.leak.foundAt}`];
  if (facts.canary !== undefined) known.push('canary');
  if (profile !== undefined && (profile.burn !== undefined || profile.floods.length > 0)) known.push('spend');
  return profile?.party === undefined ? known : [...known, ...partyIndicators(profile.party)];
}

function partyIndicators({ networks, clients, models }: Party): string[] {
  return [
    ...networks.map((id) => `network:${id}`),
    ...clients.map(({ name }) => `client:${name}`),
    ...models.map((name) => `model:${name}`),
  ];
}

const BENIGN: readonly Verdict[] = ['ours', 'planned'];

function applyVerdict(
  facts: KeyFacts,
  fact: Extract<Fact, { type: 'verdict' }>,
  profile: KeyProfile | undefined,
): void {
  if (BENIGN.includes(fact.verdict)) {
    // Of a network only what the key was seen on: an operator's whole system would cover far more than was looked at.
    accept(
      facts,
      fact.indicators.filter((one) => !one.startsWith('asn:') && !one.startsWith('ip:')),
      fact.until,
    );
    facts.hostile = facts.hostile.filter((one) => !fact.indicators.includes(one));
    if (fact.indicators.includes('spend')) profile?.spend.acceptLevel();
  } else if (fact.verdict === 'attack') {
    const networks = fact.indicators.filter((one) => one.startsWith('network:'));
    facts.hostile = [...new Set([...facts.hostile, ...networks])].slice(-MAX_HOSTILE);
  }
  if (profile === undefined || fact.verdict === 'unclear') return;
  // Whatever comes next is a new story.
  profile.party = undefined;
  profile.burn = undefined;
  profile.floods = [];
}
