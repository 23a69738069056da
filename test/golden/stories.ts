import type { Fact } from '../../detectors/detector.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import { DAY, HOUR, START } from '../support/key-life.ts';
import { addressIn, contextOf } from '../support/networks.ts';
import type { NetworkName } from '../support/networks.ts';
import { seededRandom } from '../support/seeded-random.ts';

const MINUTE = 60_000;

export type Moment = { fact: Fact } | { event: Event; context: ReturnType<typeof contextOf> };
type Call = Partial<Event> & { on: NetworkName; range?: string };

/** A month or so of one key, told call by call. The same every time. */
class Story {
  readonly #moments: { ts: number; moment: Moment }[] = [];
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  call(ts: number, { on, range, ...changes }: Call): void {
    const context = contextOf(on, range === undefined ? {} : { range });
    const address = range === undefined ? addressIn(on) : `${range}.7`;
    this.#moments.push({
      ts,
      moment: { event: ordinary(this.#moments.length, ts, address, changes), context },
    });
  }

  fact(fact: Fact): void {
    this.#moments.push({ ts: fact.at, moment: { fact } });
  }

  /** Calls at random minutes of working days, mornings on one network and afternoons on another. */
  person(fromDay: number, toDay: number, where: (hour: number, day: number) => Call = usualPlaces): void {
    for (let day = fromDay; day < toDay; day += 1) {
      const isWeekend = day % 7 > 4;
      for (let hour = 7; hour < 18 && !isWeekend; hour += 1)
        this.hour(day, hour, this.between(0, 6), where(hour, day));
    }
  }

  service(
    fromDay: number,
    toDay: number,
    where: (hour: number, day: number) => Call = () => ({ on: 'cloud' }),
  ): void {
    for (let day = fromDay; day < toDay; day += 1) {
      for (let hour = 0; hour < 24; hour += 1) this.hour(day, hour, this.between(3, 9), where(hour, day));
    }
  }

  hour(day: number, hour: number, calls: number, call: Call): void {
    for (let at = 0; at < calls; at += 1)
      this.call(START + day * DAY + hour * HOUR + this.#random() * HOUR, call);
  }

  between(low: number, high: number): number {
    return low + Math.floor(this.#random() * (high - low + 1));
  }

  inOrder(): Moment[] {
    return this.#moments.toSorted((a, b) => a.ts - b.ts).map(({ moment }) => moment);
  }
}

function usualPlaces(hour: number, day: number): Call {
  if (day % 5 === 4) return { on: hour < 12 ? 'home' : 'phone' };
  return { on: hour === 7 ? 'phone' : 'office' };
}

const KEY = '1f'.repeat(32) as KeyId;

function ordinary(number: number, ts: number, ip: string, changes: Partial<Event>): Event {
  return {
    eventId: `call-${number}`,
    gateway: 'litellm',
    ts: Math.round(ts),
    durationMs: 900,
    receivedAt: Math.round(ts),
    keyId: KEY,
    keyAlias: 'dana-laptop',
    team: 'team-search',
    teamAlias: 'search',
    user: 'dana',
    endUserHash: '',
    ip,
    ipTrust: 'direct',
    client: 'openai-python',
    clientMajor: '1',
    userAgent: 'OpenAI/Python 1.51.0',
    model: number % 7 === 0 ? 'gpt-4o' : 'gpt-4o-mini',
    provider: 'openai',
    callType: 'acompletion',
    status: 'success',
    outcome: 'ok',
    errorCode: '',
    promptTokens: 400,
    completionTokens: 100,
    cachedTokens: 0,
    totalTokens: 500,
    maxTokens: 0,
    costUsd: 0.004,
    traceId: '',
    isImport: false,
    ...changes,
  };
}

/** Ordinary life: nobody is told of anything. */
const QUIET: Readonly<Record<string, (story: Story) => void>> = {
  'quiet-office-home-mobile': (story) => {
    story.person(0, 28);
  },
  'quiet-ci-runners': (story) => {
    story.service(0, 21, () => ({
      on: 'cloud',
      range: `192.${story.between(10, 250)}.${story.between(1, 250)}`,
    }));
  },
  'quiet-travel': (story) => {
    story.person(0, 14);
    story.person(15, 21, (hour) => ({ on: hour < 10 ? 'hotel' : hour < 16 ? 'cafe' : 'phone' }));
    story.person(21, 28);
  },
  'quiet-vpn': (story) => {
    story.person(0, 14);
    story.person(14, 28, (hour, day) =>
      day % 2 === 0 && hour > 12 ? { on: 'vpn' } : usualPlaces(hour, day),
    );
  },
  'quiet-office-move': (story) => {
    story.person(0, 15);
    story.person(15, 28, (hour) => ({ on: hour === 7 ? 'phone' : 'newOffice' }));
  },
  'quiet-cloud-move': (story) => {
    story.service(0, 14);
    story.service(14, 15, (hour) => ({ on: hour % 3 === 0 ? 'cloud' : 'otherCloud' }));
    story.service(15, 25, () => ({ on: 'otherCloud' }));
  },
  'quiet-new-program': (story) => {
    story.person(0, 14);
    story.person(14, 28, (hour, day) => ({ ...usualPlaces(hour, day), client: 'cursor', model: 'o3' }));
  },
  'quiet-launch-day': (story) => {
    story.service(0, 14, () => ({ on: 'cloud', costUsd: 0.05 }));
    for (let hour = 9; hour < 15; hour += 1) story.hour(14, hour, 24, { on: 'cloud', costUsd: 0.05 });
    story.service(14, 24, () => ({ on: 'cloud', costUsd: 0.08 }));
  },
  'quiet-outage-and-retries': (story) => {
    story.service(0, 14);
    const failed = { outcome: 'upstream_error', status: 'failure', costUsd: 0 } as const;
    for (let hour = 8; hour < 11; hour += 1) story.hour(14, hour, 200, { on: 'cloud', ...failed });
    story.service(14, 18);
  },
};

const theft = START + 15 * DAY + 21 * HOUR;

/** Thefts and wastes: somebody is told, within the time the file says. */
const LOUD: Readonly<Record<string, (story: Story) => void>> = {
  'theft-vps': (story) => {
    story.person(0, 20);
    for (let at = 0; at < 80; at += 1)
      story.call(theft + at * 3 * MINUTE, {
        on: 'vps',
        client: 'curl',
        model: at % 4 === 0 ? 'o3' : 'gpt-4o',
      });
  },
  'theft-residential-pool': (story) => {
    story.person(0, 20);
    for (let at = 0; at < 90; at += 1) {
      const on = (['far', 'hotel', 'cafe'] as const)[at % 3] ?? 'far';
      story.call(theft + at * 4 * MINUTE, { on, client: 'go' });
    }
  },
  'theft-drain': (story) => {
    story.service(0, 20);
    for (let at = 0; at < 600; at += 1)
      story.call(theft + at * 6_000, { on: 'vps', client: 'go', model: 'gpt-5-pro', costUsd: 0.4 });
  },
  'theft-same-program-abroad': (story) => {
    story.person(0, 20);
    story.call(START + 15 * DAY + 12 * HOUR, { on: 'office' });
    for (let at = 0; at < 12; at += 1)
      story.call(START + 15 * DAY + 12.3 * HOUR + at * 9 * MINUTE, { on: 'far' });
  },
  'theft-dormant-key': (story) => {
    story.service(0, 3, (hour) => (hour % 8 === 0 ? { on: 'cloud' } : { on: 'cloud', costUsd: 0.001 }));
    for (let at = 0; at < 60; at += 1)
      story.call(START + 29 * DAY + at * 2 * MINUTE, { on: 'otherCloud', client: 'node', costUsd: 0.2 });
  },
  'theft-server-key-at-home': (story) => {
    story.service(0, 20);
    for (let at = 0; at < 30; at += 1) story.call(theft + at * 11 * MINUTE, { on: 'far' });
  },
  'canary-tried': (story) => {
    story.fact({
      type: 'canary',
      keyId: KEY,
      at: START,
      place: 'wiki page "Onboarding"',
      gateway: 'litellm',
    });
    story.call(theft, { on: 'vps', client: 'curl', outcome: 'over_budget', status: 'failure', costUsd: 0 });
  },
  'leak-in-use': (story) => {
    story.person(0, 16);
    const at = START + 14 * DAY + 12 * HOUR;
    const report = {
      source: 'github',
      url: 'https://git.example.com/dana/notes',
      foundAt: at - 5 * MINUTE,
      isVerified: true,
    };
    story.fact({ type: 'leak', keyId: KEY, at, ...report });
  },
  'blocked-key-still-works': (story) => {
    story.person(0, 15);
    const at = START + 15 * DAY + 8 * HOUR;
    story.fact({ type: 'revoked', keyId: KEY, at, incidentId: 'inc_1', by: 'policy' });
    story.call(at + 30_000, { on: 'office' });
    story.call(at + 10 * MINUTE, { on: 'office' });
  },
  'spend-runaway-agent': (story) => {
    story.person(0, 15);
    for (let at = 0; at < 400; at += 1)
      story.call(START + 15 * DAY + 9 * HOUR + at * MINUTE, { on: 'office', costUsd: 0.02 + at * 0.001 });
  },
  'spend-dear-model': (story) => {
    story.service(0, 14);
    story.service(14, 16, () => ({ on: 'cloud', model: 'claude-opus-4-5', costUsd: 0.12 }));
  },
};

function told(
  stories: Readonly<Record<string, (story: Story) => void>>,
): { name: string; moments: () => Moment[] }[] {
  return Object.entries(stories).map(([name, tell], at) => ({
    name,
    moments: () => {
      const story = new Story(at + 1);
      tell(story);
      return story.inOrder();
    },
  }));
}

export const QUIET_STORIES = told(QUIET);
export const LOUD_STORIES = told(LOUD);
