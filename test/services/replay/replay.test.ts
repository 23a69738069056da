import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import type { Event } from '../../../detectors/event.ts';
import { duration } from '../../../detectors/lib/words.ts';
import { createJudge } from '../../../services/detect/judge.ts';
import { Partition } from '../../../services/detect/partition.ts';
import { Peers } from '../../../services/detect/peers.ts';
import { RowWriter } from '../../../services/detect/row-writer.ts';
import { createAddressResolver } from '../../../services/gateways/client-address.ts';
import { createFormats } from '../../../services/gateways/registry.ts';
import { JsonBytes } from '../../../services/json-scan.ts';
import { createMetrics } from '../../../services/metrics.ts';
import type { NotificationLine } from '../../../services/replay/notification-line.ts';
import { readEvents } from '../../../services/replay/read-events.ts';
import { readRecords } from '../../../services/replay/read-records.ts';
import { Replay } from '../../../services/replay/replay.ts';
import { summary } from '../../../services/replay/summary.ts';
import { createDesk } from '../../../services/respond/desk/desk.ts';
import type { DeskSettings } from '../../../services/respond/desk/desk.ts';
import { Secret } from '../../../services/secret.ts';
import { encodeEvent } from '../../../services/topics.ts';
import type { Finding } from '../../../services/topics.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { MemoryCheckpoints } from '../../support/memory-checkpoints.ts';
import { MemoryStore } from '../../support/memory-store.ts';
import { MemoryTransport } from '../../support/memory-transport.ts';
import {
  lines,
  OTHER,
  quietDays,
  START,
  STOLEN,
  storyEnricher,
  theft,
  THEFT_AT,
} from '../../support/recorded-theft.ts';

const litellm = createFormats({
  pepper: new Secret('pepper-of-the-tests'),
  resolveAddress: createAddressResolver([], false),
}).get('litellm');
if (litellm === undefined) throw new Error('There is no format litellm.');
const format = litellm;

const SETTINGS: DeskSettings = {
  mode: 'enforce',
  caps: { per10min: 3, perHour: 10, perDay: 20, fleetPercent: 100, teamPercent: 100 },
  protectedKeys: [],
  graceMs: 86_400_000,
  publicUrl: 'http://127.0.0.1:8787',
  simulate: true,
};
const CORE = { partition: 0, partitions: 1, learningMs: 7 * 86_400_000, maxKeys: 1_000, maxReadyKeys: 1_000 };

interface Options {
  mode?: DeskSettings['mode'];
  /** Epoch seconds. */
  since?: number;
}

async function replayed(text: string, { mode = 'enforce', since = 0 }: Options = {}) {
  const said: NotificationLine[] = [];
  const replay = new Replay({
    format,
    gateway: 'litellm',
    core: createCore(CORE),
    enricher: storyEnricher,
    desk: createDesk({ ...SETTINGS, mode }),
    since: since * 1000,
    onNotification: (line) => said.push(line),
  });
  for await (const piece of readRecords([Buffer.from(text)] as unknown as AsyncIterable<Buffer>))
    replay.take(piece);
  replay.finish();
  return { said, tally: replay.tally, report: summary(replay.tally, mode) };
}

const quiet = lines(quietDays());
const stolen = lines(theft());

describe('a replay', () => {
  it('of quiet days says nothing and counts everything', async () => {
    const { said, tally } = await replayed(quiet);
    expect(said).toEqual([]);
    expect(tally).toMatchObject({ events: 640, teaching: 0, repeats: 0, notifications: 0, incidents: [] });
    expect(tally.keys).toEqual(new Set([STOLEN, OTHER]));
    expect(tally.usd).toBeCloseTo(320 * 0.01 + 320 * 0.02);
    expect(tally.days()).toBeCloseTo(9.32, 1);
  });

  it('of a theft tells of it in the time of the stream, and would have blocked the key', async () => {
    const { said } = await replayed(quiet + stolen);
    expect(said.map(({ key_id }) => key_id)).toEqual(said.map(() => STOLEN));
    const [first] = said;
    expect(first?.ts).toBeGreaterThanOrEqual(THEFT_AT);
    expect(first?.ts).toBeLessThan(THEFT_AT + 1_200);
    expect(said.some(({ would }) => would === 'block')).toBe(true);
    for (const { score, evidence } of said) {
      expect(score).toBeCloseTo(
        evidence.reduce((sum, { bits }) => sum + bits, 0),
        6,
      );
    }
  });

  it('writes lines of exactly these fields', async () => {
    const { said } = await replayed(quiet + stolen);
    expect(Object.keys(said[0] ?? {})).toEqual([
      'ts',
      'kind',
      'key_id',
      'key_hash',
      'team',
      'user',
      'severity',
      'score',
      'incident_id',
      'title',
      'would',
      'evidence',
    ]);
    expect(said[0]).toMatchObject({ key_hash: STOLEN, team: 'team-search', user: 'dana' });
  });

  it('in mode observe would only have told people', async () => {
    const { said } = await replayed(quiet + stolen, { mode: 'observe' });
    expect(new Set(said.map(({ would }) => would))).toEqual(new Set(['notify']));
  });

  it('says the same each time', async () => {
    const [first, second] = [await replayed(quiet + stolen), await replayed(quiet + stolen)];
    expect(second.said).toEqual(first.said);
    expect(second.report).toBe(first.report);
  });

  it('only learns from what lies before --since', async () => {
    const all = await replayed(quiet + stolen);
    const afterHistory = await replayed(quiet + stolen, { since: THEFT_AT - 60 });
    expect(afterHistory.said).toEqual(all.said);
    expect(afterHistory.tally).toMatchObject({ events: 760, teaching: 640 });
    const afterTheft = await replayed(quiet + stolen, { since: THEFT_AT + 3_600 });
    expect(afterTheft.said).toEqual([]);
  });

  it('counts a call once that the log holds twice', async () => {
    const { tally } = await replayed(quiet + quiet);
    expect(tally).toMatchObject({ events: 640, repeats: 640 });
    expect(tally.usd).toBeCloseTo(9.6);
  });

  it('counts what it cannot read by its reason, and reads the rest', async () => {
    const { tally, report } = await replayed(`null\n${quiet}{"id":\n7\n`);
    expect(tally.events).toBe(640);
    expect(Object.fromEntries(tally.rejections)).toEqual({
      null_record: 1,
      malformed_json: 1,
      not_an_object: 1,
    });
    expect(report).toContain('rejected 3 (');
  });

  it('reads nothing from nothing', async () => {
    const { said, report } = await replayed('');
    expect(said).toEqual([]);
    expect(report).toContain('0 calls, 0 keys, $0.00');
  });

  it.each([
    { where: 'first', place: 0 },
    { where: 'in the middle', place: 100 },
  ])(
    'refuses a call of the year 2999 that stands $where, and goes on as if it were not there',
    async ({ place }) => {
      const records = [...quietDays(), ...theft()];
      const expected = await replayed(lines(records));
      const wrong = aLitellmRecord({ callId: 'from-the-future', endTime: 32_472_144_000, keyHash: STOLEN });
      const { said, tally } = await replayed(
        lines([...records.slice(0, place), wrong, ...records.slice(place)]),
      );
      expect(Object.fromEntries(tally.rejections)).toEqual({ clock_out_of_range: 1 });
      expect(said).toHaveLength(expected.said.length);
      expect(tally.events).toBe(records.length);
    },
  );

  it('goes on after a month without a call', async () => {
    const later = quietDays().map((record) => ({
      ...record,
      endTime: Number(record['endTime']) + 40 * 86_400,
    }));
    const { tally } = await replayed(lines([...quietDays(), ...later]));
    expect(tally).toMatchObject({ events: 1_280, repeats: 0 });
    expect(tally.rejections.size).toBe(0);
    expect(tally.days()).toBeGreaterThan(49);
  });

  it('takes a call that comes out of order', async () => {
    const records = quietDays();
    const late = records.splice(100, 1);
    const { said, tally } = await replayed(lines([...records, ...late]));
    expect(said).toEqual([]);
    expect(tally.events).toBe(640);
  });
});

describe('the summary', () => {
  it('parts the dollars of a theft at the moment of the block', async () => {
    const { tally, report } = await replayed(quiet + stolen);
    const [block] = tally.blocks();
    expect(tally.blocks()).toHaveLength(1);
    expect((block?.usdBefore ?? 0) + (block?.usdAfter ?? 0)).toBeCloseTo(block?.incident.usdLost ?? -1);
    expect(block?.usdAfter).toBeGreaterThan(0);
    // 120 calls of half a dollar; the detectors may take a few of them for the owner's.
    expect(block?.incident.usdLost).toBeLessThanOrEqual(60.001);
    expect(report).toContain('Would have blocked in mode enforce: 1 key\n');
    expect(report).toContain(`saved: after the blocks              $${(block?.usdAfter ?? 0).toFixed(2)}`);
  });

  it('says how long the theft goes on before people hear of it', async () => {
    const { tally, report } = await replayed(quiet + stolen);
    const [afterMs = -1] = tally.toldAfterMs.values();
    expect(tally.toldAfterMs.size).toBe(1);
    expect(afterMs).toBeGreaterThanOrEqual(0);
    expect(afterMs).toBeLessThan(3_600_000);
    const words = duration(afterMs);
    expect(report).toContain(
      `From the first suspicious call to the first message: ${words} (median), ${words} (90th percentile)\n`,
    );
  });

  it('names no such time where nobody is told of anything', async () => {
    const { report } = await replayed(quiet);
    expect(report).not.toContain('first message');
  });

  it('gives the noise as notifications per 1,000 keys and day, and calls no finding right or wrong', async () => {
    const { said, tally, report } = await replayed(quiet + stolen);
    const rate = (said.length * 1000) / (2 * tally.days());
    expect(report).toContain(`Notifications: ${said.length}, ${rate.toFixed(2)} per 1,000 keys and day`);
    expect(report).toContain('not judged');
  });

  it('names no rate for a log of less than a day', async () => {
    const { report } = await replayed(stolen);
    expect(report).toMatch(/Notifications: \d+, - per 1,000 keys and day/);
  });
});

/** The detect step as it runs live: batches of a topic, a tick after each, rollups that come back. */
async function live(events: readonly Event[], batchSizes: readonly number[]): Promise<Finding[]> {
  const metrics = createMetrics();
  const checkpoints = new MemoryCheckpoints();
  const rowsAgain = async function* () {
    yield await Promise.resolve([]);
  };
  const writer = new RowWriter({
    partition: 0,
    store: new MemoryStore(),
    checkpoints,
    rowsAgain,
    onLost: () => undefined,
    log: pino({ level: 'silent' }),
    metrics,
  });
  const core = createCore(CORE);
  const judge = createJudge(core, storyEnricher);
  const peers = new Peers({ partition: 0, partitions: 1, now: () => 0 });
  const partition = new Partition({
    ...{
      partition: 0,
      peers,
      transport: new MemoryTransport(),
      core,
      judge,
      writer,
      checkpoints,
      metrics,
      now: () => 0,
    },
    log: pino({ level: 'silent' }),
  });
  await partition.open(new AbortController().signal);
  const findings: Finding[] = [];
  let rollupOffset = 0;
  for (let at = 0, turn = 0; at < events.length; turn += 1) {
    const batch = events.slice(at, at + (batchSizes[turn % batchSizes.length] ?? 1));
    const records = batch.map((event, index) => ({
      offset: at + index,
      key: event.keyId,
      value: encodeEvent(event),
      appendedAt: event.ts,
    }));
    const { results } = partition.judgeEvents({ topic: 'events', partition: 0, records }, () => true);
    const appendedAt = batch.at(-1)?.ts ?? 0;
    const again = results.rollups.map((rollup) => ({
      offset: rollupOffset++,
      key: rollup.team,
      value: JSON.stringify(rollup),
      appendedAt,
    }));
    findings.push(
      ...results.findings,
      ...partition.judgeRollups({ topic: 'rollups', partition: 0, records: again }).findings,
    );
    at += batch.length;
  }
  await writer.close(1_000);
  return findings;
}

async function eventsOf(text: string): Promise<Event[]> {
  const events: Event[] = [];
  const json = new JsonBytes(Buffer.from(text));
  const piece = { json, slices: [{ start: 0, end: json.length, problem: '' as const }] };
  for (const result of readEvents(piece, format, 'litellm')) {
    if ('code' in result) throw new Error(result.reason);
    events.push({ ...result, receivedAt: result.ts, isImport: false });
  }
  return Promise.resolve(events);
}

describe('replay and live detection', () => {
  it('find the same, however the live events are batched', async () => {
    const events = await eventsOf(quiet + stolen);
    const { tally } = await replayed(quiet + stolen);
    const ofReplay = [...tally.detectors.values()].flatMap((one) => [...one.findings]);
    expect(ofReplay.length).toBeGreaterThan(1);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 5 }),
        async (sizes) => {
          const ofLive = new Set((await live(events, sizes)).map(({ findingId }) => findingId));
          expect(ofLive).toEqual(new Set(ofReplay));
        },
      ),
      { numRuns: 8 },
    );
  });

  it('begins where the recorded log begins', async () => {
    const [first] = await eventsOf(quiet);
    expect(first?.ts).toBe((START + 9 * 3_600) * 1000);
  });
});
