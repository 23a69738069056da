import { createHash } from 'node:crypto';
import type { KeyId } from '../../detectors/event.ts';
import type { AddressBook } from './address-book.ts';
import type { Attack } from './attacks/attack.ts';
import { planAttacks } from './attacks/plan.ts';
import { DAY_MS } from './call.ts';
import type { Owner } from './call.ts';
import { App } from './lives/app.ts';
import { Batch } from './lives/batch.ts';
import { Developer } from './lives/developer.ts';
import type { Life, LifeOptions } from './lives/life.ts';
import { Pipeline } from './lives/pipeline.ts';
import { Server } from './lives/server.ts';
import { Organisation } from './organisation.ts';
import type { Office } from './organisation.ts';
import { Random } from './random.ts';
import type { Era } from './workload.ts';

export const ARCHETYPES = ['server', 'pipeline', 'developer', 'app', 'batch'] as const;
export type Archetype = (typeof ARCHETYPES)[number];

export interface SimulatedKey extends Owner {
  index: number;
  archetype: Archetype;
  office: Office;
  life: Life;
  /** Before it there is no such key; from the other on its owner has forgotten it. */
  bornAt: number;
  silentFrom: number;
}

export interface Fleet {
  era: Era;
  keys: readonly SimulatedKey[];
  attacks: readonly Attack[];
  /** Whose calls are streamed. */
  isPartOf: (key: SimulatedKey) => boolean;
}

export interface FleetOptions {
  seed: number;
  keys: number;
  days: number;
  book: AddressBook;
  /** Every thief first shows up once a day for ten days. The stolen keys are streamed, and enough others to be an
   *  organisation around them. */
  poisons: boolean;
}

/** A Monday, midnight UTC. */
export const START = Date.UTC(2026, 7, 31);
const KEYS_OF_TEAM = 8;
const SHARES: readonly (readonly [Archetype, number])[] = [
  ['server', 28],
  ['pipeline', 14],
  ['developer', 34],
  ['app', 10],
  ['batch', 14],
];

export function createFleet(options: FleetOptions): Fleet {
  const { seed, days, book } = options;
  const era: Era = { startAt: START, endAt: START + days * DAY_MS };
  const organisation = new Organisation(seed, book, era);
  const keys = Array.from({ length: options.keys }, (_, index) => newKey(organisation, seed, index));
  const attacks = planAttacks({ seed, organisation, keys, era, poisons: options.poisons });
  const stolen = new Set(
    attacks.filter(({ label }) => label.family === 'identity').flatMap(({ label }) => label.keys),
  );
  const isPartOf = (key: SimulatedKey) => !options.poisons || stolen.has(key) || key.index % 8 === 0;
  return { era, keys, attacks, isPartOf };
}

function newKey(organisation: Organisation, seed: number, index: number): SimulatedKey {
  const random = new Random(seed, 3, index);
  const archetype = random.weighted(SHARES);
  const teamNumber = Math.floor(index / KEYS_OF_TEAM);
  const office = new Random(seed, 4, teamNumber).pick(organisation.offices);
  const life = newLife(archetype, { organisation, office, random });
  const { startAt, endAt } = organisation.weather;
  const isLater = random.chance(0.04);
  const name = index.toString();
  return {
    ...{ index, archetype, office, life },
    keyId: createHash('sha256').update(`${seed.toString()}/${name}`).digest('hex') as KeyId,
    ...{ alias: `key-${name}`, team: `team-${teamNumber.toString()}`, user: `user-${name}` },
    bornAt: isLater ? random.between(startAt + 10 * DAY_MS, endAt - 7 * DAY_MS) : startAt,
    silentFrom: Infinity,
  };
}

function newLife(archetype: Archetype, options: LifeOptions): Life {
  switch (archetype) {
    case 'server':
      return new Server(options);
    case 'pipeline':
      return new Pipeline(options);
    case 'developer':
      return new Developer(options);
    case 'app':
      return new App(options);
    case 'batch':
      return new Batch(options);
  }
}
