import { afterAll } from 'vitest';
import { ClickHouseOverHttp } from '../support/clickhouse/http-server.ts';
import { storeLabs } from '../support/clickhouse/store-labs.ts';
import { describeStore } from './store.contract.ts';

// The cluster is one node, and its tables are kept without Keeper: what is proved is that everything works through
// Distributed tables and views. store.server.integration.test.ts asks a real one.
const cluster = 'one';
const server = await ClickHouseOverHttp.start({ cluster });
afterAll(() => server.stop());
describeStore('cluster, over HTTP', storeLabs({ url: (database) => server.url(database), cluster }), {
  isCluster: true,
});
