import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig } from '../../services/config.ts';
import { deskSettings, newCore, openEnricher, openFormats } from '../../services/main.ts';
import { readRecords } from '../../services/replay/read-records.ts';
import { Replay } from '../../services/replay/replay.ts';
import { createDesk } from '../../services/respond/desk/desk.ts';
import { officeRecord, officeWeeks } from '../support/office-weeks.ts';
import type { LitellmRecord } from '../support/litellm-records.ts';
import { quietLog } from '../support/quiet.ts';
import { FaultCluster, mayRunCluster } from './fault-cluster.ts';

const WEEK_MS = 7 * 86_400_000;
/** The epoch begins on a Thursday. */
const MONDAY_MS = 4 * 86_400_000;
/** Of a recorded stream, the keys with the fewest calls until there are so many: they are the most. */
const MAX_CALLS = Number(process.env['STREAM_CALLS'] ?? 60_000);
const BODY_RECORDS = 500;
/** While faults are injected, a body is sent every so often; the rest follows at once. */
const BODY_EVERY_MS = Number(process.env['STREAM_PAUSE_MS'] ?? 1_000);
/** A partition that nobody has is waited for. */
const SOON = { timeout: 400_000, interval: 500 };
/** Nothing is done at the gateway, which does not know these keys. */
const OBSERVE = 'mode: observe\n';

const mayRun = await mayRunCluster();

describe.runIf(mayRun)('a recorded stream through the cluster, with faults', () => {
  const records = recordedStream();
  let on: FaultCluster;

  beforeAll(async () => {
    on = await FaultCluster.start({
      config: OBSERVE,
      gateway: { url: 'http://127.0.0.1:1', key: 'sk-nobody-listens' },
      respondEnv: {},
    });
  });

  afterAll(async () => {
    await on.stop();
  });

  it('has the events and the incidents that a replay of it has', async () => {
    const replayed = await incidentsOfReplay(records);
    expect(replayed.length).toBeGreaterThan(3);
    const pace = { isHurried: false };
    const sending = (async () => {
      for (let at = 0; at < records.length; at += BODY_RECORDS) {
        const body = records.slice(at, at + BODY_RECORDS);
        await vi.waitFor(() => on.gatewatch.send('/v1/logs/litellm', body), SOON);
        if (!pace.isHurried) await pause(BODY_EVERY_MS);
      }
    })();
    await on.killAndRestart('detect-1');
    await on.killAndRestart('ingest');
    await on.loseBroker(1);
    await on.holdUp('detect-2');
    await on.killAndRestart(await on.gatewatch.active());
    await on.loseStore(10_000);
    await on.killAndRestart('detect-2');
    await on.holdUp(await on.gatewatch.active());
    await on.loseBroker(2);
    pace.isHurried = true;
    await sending;
    await vi.waitFor(async () => {
      const [row] = await on.gatewatch.sql('SELECT count(), uniqExact(event_id) FROM events');
      expect(row?.map(Number)).toEqual([records.length, records.length]);
    }, SOON);
    await vi.waitFor(async () => {
      const rows = await on.gatewatch.sql('SELECT incident_id, title FROM incidents ORDER BY incident_id');
      expect(rows).toEqual(replayed);
    }, SOON);
    console.info(
      `${records.length.toString()} calls, ${replayed.length.toString()} incidents, the same as in a replay`,
    );
  });
});

/** Ours, or one that was recorded elsewhere: `TEST_STREAM`, a file of LiteLLM's records, one a line, perhaps packed. */
function recordedStream(): LitellmRecord[] {
  const file = process.env['TEST_STREAM'] ?? '';
  if (file !== '' && !existsSync(file)) throw new Error(`There is no file ${file}. TEST_STREAM names one.`);
  console.info(`a recorded stream: ${file === '' ? 'two weeks of an invented organisation' : file}`);
  const start = Math.floor((Date.now() - MONDAY_MS) / WEEK_MS - 2) * WEEK_MS + MONDAY_MS;
  const records = file === '' ? officeWeeks(start).map(officeRecord) : someKeysOf(linesOf(file));
  return broughtNearer(records);
}

function linesOf(file: string): LitellmRecord[] {
  const bytes = readFileSync(file);
  const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LitellmRecord);
}

function someKeysOf(records: LitellmRecord[]): LitellmRecord[] {
  const keyOf = ({ metadata }: LitellmRecord) =>
    (metadata as { user_api_key_hash?: string | null }).user_api_key_hash ?? '';
  const calls = new Map<string, number>();
  for (const record of records) calls.set(keyOf(record), (calls.get(keyOf(record)) ?? 0) + 1);
  const taken = new Set<string>();
  let sum = 0;
  for (const [key, count] of [...calls].sort(([, a], [, b]) => a - b)) {
    if (sum + count > MAX_CALLS) break;
    taken.add(key);
    sum += count;
  }
  return records.filter((record) => taken.has(keyOf(record)));
}

/** By whole weeks, until its end lies within the last one: what is months old would not be taken in. */
function broughtNearer(records: LitellmRecord[]): LitellmRecord[] {
  const end = Math.max(...records.slice(-1_000).map(({ endTime }) => Number(endTime) * 1_000));
  const later = (Math.floor((Date.now() - end) / WEEK_MS) * WEEK_MS) / 1_000;
  return records.map((record) => ({
    ...record,
    startTime: Number(record['startTime']) + later,
    endTime: Number(record['endTime']) + later,
  }));
}

async function incidentsOfReplay(records: readonly LitellmRecord[]): Promise<unknown[][]> {
  const config = loadConfig({ GATEWATCH_MODE: 'observe' });
  const format = openFormats(config).get('litellm');
  if (format === undefined) throw new RangeError('There is no format litellm.');
  const enricher = await openEnricher({ config, log: quietLog });
  const desk = createDesk({ ...deskSettings(config, ''), simulate: true });
  const onNotification = () => undefined;
  const replay = new Replay({
    ...{ format, gateway: 'litellm', core: newCore(config), enricher, desk, since: 0, onNotification },
  });
  const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  for await (const piece of readRecords(one(bytes))) replay.take(piece);
  replay.finish();
  await enricher.close();
  const found = [...desk.incidents()].map(({ incidentId, title }) => [incidentId, title]);
  return found.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield await Promise.resolve(bytes);
}
