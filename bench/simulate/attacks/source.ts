import type { Organisation } from '../organisation.ts';
import type { Random } from '../random.ts';
import type { SimulatedKey } from '../fleet.ts';
import type { IdentityScenario } from './attack.ts';

/** The address of a call at a time. */
export type Source = (ts: number) => string;

export interface SourceOptions {
  victim: SimulatedKey;
  startAt: number;
  source: Random;
  organisation: Organisation;
}

type Where = 'server' | 'pool' | 'line abroad' | 'line at home' | 'same cloud';

const WHERE: Readonly<Record<IdentityScenario, readonly Where[]>> = {
  'server elsewhere': ['server'],
  'residential pool': ['pool'],
  'line abroad': ['line abroad'],
  'same country, other provider': ['line at home'],
  'same cloud': ['same cloud'],
  'ten days of warm-up, then burst': ['server', 'line abroad', 'line at home'],
  'probe, then burst': ['server', 'line abroad'],
  'dormant key': ['server', 'line abroad', 'pool'],
  'dumped set of keys': ['server'],
  relay: ['server'],
};

/** Where a thief calls from. */
export function createSource(scenario: IdentityScenario, options: SourceOptions): Source {
  const { source: random, organisation, victim, startAt } = options;
  const { book } = organisation;
  const { country } = victim.office;
  switch (random.pick(WHERE[scenario])) {
    case 'server': {
      const system = random.chance(0.5) ? organisation.cloud(random) : book.pick(random, 'hosting', '');
      return fixed(book.address(random, system));
    }
    case 'same cloud': {
      const asn = book.asnOf(victim.life.callerAt(startAt).ip);
      return fixed(book.address(random, book.system(asn) ?? organisation.cloud(random)));
    }
    case 'line at home':
      return fixed(book.address(random, book.pick(random, 'isp', country)));
    case 'line abroad': {
      const abroad = organisation.someCountry(random, country);
      return fixed(book.address(random, book.pick(random, 'isp', abroad)));
    }
    case 'pool': {
      const exits = Array.from({ length: 40 }, () => {
        const kind = random.chance(0.3) ? ('mobile' as const) : ('isp' as const);
        return book.address(random, book.pick(random, kind, organisation.someCountry(random)));
      });
      return () => random.pick(exits);
    }
  }
}

const fixed = (ip: string): Source => {
  return () => ip;
};
