import { createHash } from 'node:crypto';

/** A small invented organisation and its week, for the demo: calls as a gateway would log them. Addresses are real
 *  ranges of access providers and hosters so that place and network show; nobody's traffic is told. */

export interface StoryKey {
  alias: string;
  team: string;
  user: string;
  /** Addresses it is used from, the usual one first. */
  ips: readonly string[];
  userAgent: string;
  models: readonly string[];
  callsPerHour: number;
  /** Hours of the day (UTC) it works in. */
  hours: readonly [from: number, to: number];
}

export interface StoryCall {
  alias: string;
  ip: string;
  userAgent: string;
  model: string;
  promptTokens: number;
  completionTokens: number;
  costUsd: number;
  /** Epoch milliseconds. */
  endAt: number;
}

export const STORY_KEYS: readonly StoryKey[] = [
  {
    alias: 'search-prod',
    team: 'search',
    user: 'svc-search',
    ips: ['18.185.12.40', '18.185.12.41'],
    userAgent: 'OpenAI/Python 1.51.0',
    models: ['gpt-4o-mini'],
    callsPerHour: 14,
    hours: [0, 24],
  },
  {
    alias: 'support-bot',
    team: 'support',
    user: 'svc-support',
    ips: ['52.28.77.9'],
    userAgent: 'OpenAI/JS 4.68.1',
    models: ['gpt-4o-mini', 'gpt-4o'],
    callsPerHour: 9,
    hours: [5, 22],
  },
  {
    alias: 'dana-laptop',
    team: 'search',
    user: 'dana',
    ips: ['81.20.92.17', '81.20.92.44'],
    userAgent: 'OpenAI/Python 1.51.0',
    models: ['gpt-4o'],
    callsPerHour: 6,
    hours: [7, 17],
  },
  {
    alias: 'erik-laptop',
    team: 'platform',
    user: 'erik',
    ips: ['84.209.33.5'],
    userAgent: 'Anthropic/Python 0.39.0',
    models: ['claude-sonnet-4-5'],
    callsPerHour: 5,
    hours: [7, 18],
  },
  {
    alias: 'nightly-batch',
    team: 'data',
    user: 'svc-data',
    ips: ['18.185.60.3'],
    userAgent: 'python-httpx/0.27.2',
    models: ['gpt-4o-mini'],
    callsPerHour: 40,
    hours: [1, 4],
  },
];

/** Whose key is stolen, and where it turns up. */
export const THEFT = {
  alias: 'dana-laptop',
  foundAt: 'https://git.example.com/dana/notebooks/blob/main/.env',
  ip: '5.188.86.24',
  userAgent: 'python-requests/2.32.3',
  models: ['gpt-4o-mini', 'o3-mini', 'gpt-4o', 'claude-sonnet-4-5'],
} as const;

/** A number in [0, 1) that depends on the text alone. */
function chance(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) / 4_294_967_296;
}

function pick<Item>(items: readonly Item[], share: number): Item {
  const item = items[Math.min(items.length - 1, Math.floor(share * items.length))];
  if (item === undefined) throw new RangeError('Nothing to pick from.');
  return item;
}

const HOUR_MS = 3_600_000;

function callsOfHour(key: StoryKey, hourStart: number): StoryCall[] {
  const hour = new Date(hourStart).getUTCHours();
  if (hour < key.hours[0] || hour >= key.hours[1]) return [];
  const seed = `${key.alias}/${hourStart.toString()}`;
  const count = Math.round(key.callsPerHour * (0.5 + chance(seed)));
  return Array.from({ length: count }, (_, index) => {
    const share = chance(`${seed}/${index.toString()}`);
    const promptTokens = 300 + Math.floor(share * 2_000);
    const completionTokens = 80 + Math.floor(share * 400);
    return {
      alias: key.alias,
      ip: pick(key.ips, share ** 2),
      userAgent: key.userAgent,
      model: pick(key.models, share),
      promptTokens,
      completionTokens,
      costUsd: (promptTokens * 0.4 + completionTokens * 1.6) / 1_000_000,
      endAt: hourStart + Math.floor(((index + share) / count) * HOUR_MS),
    };
  });
}

/** The calls of the days before `until`, in order of time. The same for the same hour, whenever it is asked for. */
export function usualCalls(until: number, days: number): StoryCall[] {
  const firstHour = Math.floor((until - days * 24 * HOUR_MS) / HOUR_MS) * HOUR_MS;
  const calls: StoryCall[] = [];
  for (let hour = firstHour; hour < until; hour += HOUR_MS) {
    calls.push(...STORY_KEYS.flatMap((key) => callsOfHour(key, hour)));
  }
  return calls.filter(({ endAt }) => endAt < until).sort((a, b) => a.endAt - b.endAt);
}
