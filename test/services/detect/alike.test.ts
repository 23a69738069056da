import { describe, expect, it, vi } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import { startDetect } from '../../../services/detect/detect.ts';
import { createMetrics } from '../../../services/metrics.ts';
import { encodeEvent } from '../../../services/topics.ts';
import type { Finding } from '../../../services/topics.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import { officeWeeks, weeksEnricher } from '../../support/office-weeks.ts';
import { quietLog } from '../../support/quiet.ts';

const DAY = 86_400_000;
const MONDAY = Date.UTC(2026, 5, 1);

const SOON = { timeout: 60_000, interval: 100 };

/** Everything is judged as it comes, and quickly: some partitions are done while others have hardly begun. */
async function judgedBy(partitions: number) {
  const transport = new MemoryTransport({ partitions });
  const detect = await startDetect({
    transport,
    store: new MemoryStore(),
    checkpoints: new MemoryCheckpoints(),
    enricher: weeksEnricher,
    createCore: (partition, count) =>
      createCore({ partition, partitions: count, learningMs: 7 * DAY, maxKeys: 1_000, maxReadyKeys: 1_000 }),
    log: quietLog,
    metrics: createMetrics(),
    now: Date.now,
  });
  const events = officeWeeks(MONDAY);
  for (let at = 0; at < events.length; at += 500) {
    const some = events.slice(at, at + 500);
    await transport.append(
      'events',
      some.map((event) => ({ key: event.keyId, id: event.eventId, value: encodeEvent(event) })),
    );
  }
  const end = [0, events.at(-1)?.ts];
  await vi.waitFor(async () => expect([await detect.lag(), detect.watermark()]).toEqual(end), SOON);
  return { detect, found: () => findingsOf(transport) };
}

/** The last word on each story, by its id. */
function findingsOf(transport: MemoryTransport) {
  const findings = transport.log.records('findings', 0).map(({ value }) => JSON.parse(value) as Finding);
  return new Map(
    findings.map(({ findingId, detector, entity, ts, lines, usdLost }) => [
      findingId,
      { detector, entity, ts, lines, usdLost: usdLost.toFixed(6) },
    ]),
  );
}

describe('what twelve partitions find', () => {
  it('is what one finds, though keys of a team and users of a network lie in different ones', async () => {
    const one = await judgedBy(1);
    const twelve = await judgedBy(12);
    const detectors = ['foreign-country', 'key-burn', 'new-party', 'retry-storm', 'team-burn'];
    await vi.waitFor(() => {
      expect([...new Set([...one.found().values()].map(({ detector }) => detector))].sort()).toEqual(
        detectors,
      );
    }, SOON);
    // The last minutes are over when all partitions have said that they have nothing left.
    await vi.waitFor(() => expect(twelve.found()).toEqual(one.found()), SOON);
    await Promise.all([one.detect.close(), twelve.detect.close()]);
  }, 120_000);
});
