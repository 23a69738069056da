import type { Store } from '../stores/store.ts';
import type { Transport } from '../transports/transport.ts';

/** What the steps of other processes have left where this one can see it. */
export interface Elsewhere {
  frozen: boolean;
  lag: { events: number; respond: number };
  /** Newest event time in the store, epoch milliseconds; 0 when there is none. */
  watermark: number;
}

const EVERY_MS = 5_000;
/** Older events say nothing about how detection does. */
const FRESH_DAYS = 2;
const FREEZE = `SELECT action FROM audit WHERE action IN ('freeze', 'unfreeze') ORDER BY seq DESC LIMIT 1`;
const WATERMARK = `SELECT toUnixTimestamp64Milli(max(ts)) AS watermark FROM events WHERE ts > now64(3) - toIntervalDay(${FRESH_DAYS.toString()})`;

export interface ElsewhereParts {
  store: Store;
  transport: Transport;
  now: () => number;
}

/** Looks at topics and tables for the steps that run in other processes; asked again after five seconds. */
export function createElsewhere({ store, transport, now }: ElsewhereParts): () => Promise<Elsewhere> {
  let last: { at: number; answer: Promise<Elsewhere> } | undefined;
  const look = async (): Promise<Elsewhere> => {
    const [freeze] = await store.query<{ action: string }>(FREEZE);
    const [newest] = await store.query<{ watermark: string | number }>(WATERMARK);
    return {
      frozen: freeze?.action === 'freeze',
      lag: {
        events: await transport.lagOf('events', 'detect'),
        respond:
          (await transport.lagOf('findings', 'respond')) + (await transport.lagOf('commands', 'respond')),
      },
      watermark: Number(newest?.watermark ?? 0),
    };
  };
  return () => {
    if (last === undefined || now() - last.at >= EVERY_MS) last = { at: now(), answer: look() };
    return last.answer;
  };
}
