import type { SystemStatus } from './schema.ts';

type PartStatus = SystemStatus['parts'][number];

/** How the ways to people do, and the gateways as respond last saw them. */
export interface OutsideView {
  channels(): readonly { channel: string; waiting: number; isFailing: boolean }[];
  gateways(): readonly { askedAt: number; isWell: boolean }[];
}

/** A gateway is asked only when there is something to do; what was seen longer ago says nothing. */
const SEEN_MS = 60 * 60_000;
/** Nights without a call are common, a day is not. */
const SILENCE_MS = 24 * 60 * 60_000;

/** Undefined where nobody is to be told. One channel that works is enough. */
export function notifyStatus(respond: OutsideView | undefined): PartStatus | undefined {
  const channels = respond?.channels() ?? [];
  if (channels.length === 0) return undefined;
  const ready = channels.some(({ isFailing }) => !isFailing);
  const names = channels.map(({ channel }) => channel).join(' and ');
  const waiting = Math.max(...channels.map((one) => one.waiting));
  const count = waiting === 1 ? '1 message waits' : `${waiting} messages wait`;
  return {
    name: 'notify',
    ready,
    reason: ready ? '' : `Nobody is told: messages do not get out by ${names}, ${count}; see the log.`,
  };
}

/** Undefined while nothing is known. */
export function gatewayStatus(
  respond: OutsideView | undefined,
  { watermark, now }: { watermark: number; now: number },
): PartStatus | undefined {
  const seen = (respond?.gateways() ?? []).filter(({ askedAt }) => now - askedAt < SEEN_MS);
  const isSilent = watermark > 0 && now - watermark >= SILENCE_MS;
  if (seen.length === 0 && watermark === 0) return undefined;
  const reasons = [
    ...(seen.every(({ isWell }) => isWell)
      ? []
      : ['It did not do what it was asked when it was last asked; run gatewatch doctor.']),
    ...(isSilent ? [`No call was logged for ${Math.floor((now - watermark) / 3_600_000)} hours.`] : []),
  ];
  return { name: 'gateway', ready: reasons.length === 0, reason: reasons.join(' ') };
}
