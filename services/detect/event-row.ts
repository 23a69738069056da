import type { Context } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';

/** A row of `events`, cells in the order of the table's columns. Written by hand because it runs for every event. */
export function eventRow(event: Event, { place, network }: Context): string {
  return JSON.stringify([
    event.ts / 1000,
    event.eventId,
    event.gateway,
    event.keyId,
    event.keyAlias,
    event.team,
    event.teamAlias,
    event.user,
    event.endUserHash,
    event.ip,
    event.ipTrust,
    place?.country ?? '',
    place?.city ?? '',
    network?.asn ?? 0,
    network?.organisation ?? '',
    network?.class ?? '',
    event.client,
    event.userAgent,
    event.model,
    event.provider,
    event.callType,
    event.status,
    event.outcome,
    event.errorCode,
    event.promptTokens,
    event.completionTokens,
    event.cachedTokens,
    event.totalTokens,
    event.costUsd,
    event.durationMs,
    event.traceId,
    event.receivedAt / 1000,
    event.isImport ? 1 : 0,
  ]);
}
