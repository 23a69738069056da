import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServerStore } from '../../services/stores/server.ts';
import { ClickHouseOverHttp, SLOW_START_MS } from '../support/clickhouse/http-server.ts';
import { quietLog } from '../support/quiet.ts';
import { eventRows } from '../support/store-rows.ts';

const BATCHES = 40;
const ROWS = 500;
const KILLS = 3;

describe('a ClickHouse server that is killed again and again', { timeout: SLOW_START_MS }, () => {
  let server: ClickHouseOverHttp;
  beforeAll(async () => {
    server = await ClickHouseOverHttp.start();
  }, SLOW_START_MS);
  afterAll(() => server.stop());

  it('has every row once, when each insert is repeated with its token until it is answered', async () => {
    const store = await openServerStore({ url: server.url(), retentionDays: 90, log: quietLog });
    let failures = 0;
    let sent = 0;
    const sending = (async () => {
      for (; sent < BATCHES; sent += 1) {
        const rows = eventRows(ROWS, { team: `batch-${sent}` });
        while (
          !(await store.insert('events', rows, `batch-${sent}`).then(
            () => true,
            () => false,
          ))
        ) {
          failures += 1;
          await pause(20);
        }
      }
    })();
    for (let kill = 1; kill <= KILLS; kill += 1) {
      await expect
        .poll(() => sent, { timeout: SLOW_START_MS, interval: 2 })
        .toBeGreaterThan((BATCHES / (KILLS + 1)) * kill - 5);
      await server.restart();
    }
    await sending;
    const counts = await store.query<{ n: string | number }>('SELECT count() AS n FROM events GROUP BY team');
    expect(counts.map(({ n }) => Number(n))).toEqual(Array.from({ length: BATCHES }, () => ROWS));
    expect(failures).toBeGreaterThan(0);
    await store.close();
  });
});
