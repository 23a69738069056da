import { afterAll, describe, it } from 'vitest';
import { startClickHouse } from '../support/clickhouse/real-server.ts';
import { storeLabs } from '../support/clickhouse/store-labs.ts';
import { describeStore } from './store.contract.ts';

const server = await startClickHouse();

if (server === undefined) {
  describe('store contract: ClickHouse server', () => {
    it.skip('was not run: there is no ClickHouse server');
  });
} else {
  const { url, cluster } = server;
  afterAll(() => server.stop());
  describeStore('ClickHouse server', storeLabs({ url }));
  if (cluster === undefined) {
    process.stderr.write('\nNOT RUN: tests on a ClickHouse cluster. Set TEST_CLICKHOUSE_CLUSTER too.\n\n');
    describe('store contract: ClickHouse cluster', () => {
      it.skip('was not run: TEST_CLICKHOUSE_CLUSTER is not set');
    });
  } else {
    describeStore('ClickHouse cluster', storeLabs({ url, cluster }), { isCluster: true });
  }
}
