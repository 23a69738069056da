import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SQL_EXAMPLES } from '../../../scripts/docs/sql-examples.ts';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import type { Store } from '../../../services/stores/store.ts';
import { TABLES } from '../../../services/stores/tables.ts';
import type { TableName } from '../../../services/stores/tables.ts';
import { quietLog } from '../../support/quiet.ts';
import { aRow, eventRows } from '../../support/store-rows.ts';

describe('the examples of docs/sql.md', () => {
  let dir: string;
  let store: Store;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-examples-'));
    store = await openEmbeddedStore({ dir, retentionDays: 90, log: quietLog });
    await store.insert('events', eventRows(20));
    for (const table of Object.keys(TABLES) as TableName[]) await store.insert(table, [aRow(table)]);
  });
  afterAll(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  it.each(SQL_EXAMPLES.map(({ title, query }) => [title, query]))('%s', async (_, query) => {
    const answer = await store.userQuery(query, {}, { timeoutMs: 10_000, maxRows: 10_000 });
    expect(answer.columns.length).toBeGreaterThan(0);
  });

  it('is a list worth reading', () => {
    expect(SQL_EXAMPLES.length).toBeGreaterThanOrEqual(5);
  });
});
