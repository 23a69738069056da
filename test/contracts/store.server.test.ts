import { afterAll } from 'vitest';
import { ClickHouseOverHttp } from '../support/clickhouse/http-server.ts';
import { storeLabs } from '../support/clickhouse/store-labs.ts';
import { describeStore } from './store.contract.ts';

// Our own HTTP server over the embedded engine: these prove the way through the client, its settings, limits and errors,
// not what a ClickHouse server does. store.server.integration.test.ts asks a real one.
const server = await ClickHouseOverHttp.start();
afterAll(() => server.stop());
describeStore('server, over HTTP', storeLabs({ url: (database) => server.url(database) }));
