import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Session } from 'chdb';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { migrate } from '../../../services/stores/migrations.ts';
import type { Migration } from '../../../services/stores/migrations.ts';

const OPTIONS = { retentionDays: 90 };
const older: Migration = {
  version: 1,
  statements: () =>
    [
      'CREATE TABLE IF NOT EXISTS gatewatch.incidents_versions (incident_id String, version UInt64) ENGINE = ReplacingMergeTree(version) ORDER BY incident_id',
      'CREATE TABLE IF NOT EXISTS gatewatch.leaked_keys_versions (key_id String) ENGINE = MergeTree ORDER BY key_id',
      'CREATE TABLE IF NOT EXISTS gatewatch.keys_versions (key_id String) ENGINE = MergeTree ORDER BY key_id',
      'CREATE TABLE IF NOT EXISTS gatewatch.events (ts DateTime64(3), key_id String, team String, user String, model String, total_tokens UInt32, cost_usd Float64) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY ts',
      'CREATE TABLE IF NOT EXISTS gatewatch.rejected (ts DateTime64(3)) ENGINE = MergeTree PARTITION BY toDate(ts) ORDER BY ts',
    ].map((statement) =>
      statement.replace('MergeTree ORDER BY key_id', 'ReplacingMergeTree ORDER BY key_id'),
    ),
};
const newer: Migration = {
  version: 2,
  statements: () => [
    "ALTER TABLE gatewatch.incidents_versions ADD COLUMN IF NOT EXISTS title String DEFAULT 'none'",
  ],
};

describe('migrations', () => {
  let dir: string;
  let session: Session;
  const failing = { after: Infinity };
  const parts = {
    layout: { database: 'gatewatch' },
    command: async (sql: string) => {
      failing.after -= 1;
      if (failing.after < 0) throw new Error('the process died');
      await session.queryAsync(sql);
    },
    ask: async <Row>(sql: string, params: Readonly<Record<string, unknown>>) => {
      const answer = await session.queryBindAsync(sql, { ...params }, { format: 'JSONEachRow' });
      return answer
        .text()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Row);
    },
  };
  const versions = async () =>
    (
      await parts.ask<{ version: number }>(
        'SELECT version FROM gatewatch.schema_versions ORDER BY version',
        {},
      )
    ).map(({ version }) => version);
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-migrations-'));
    session = new Session(join(dir, 'data'));
    failing.after = Infinity;
  });
  afterEach(async () => {
    session.close();
    await rm(dir, { recursive: true, force: true });
  });

  it('bring an older store to the newest version and keep its rows; views show the new columns', async () => {
    await migrate(parts, OPTIONS, [older]);
    await parts.command("INSERT INTO gatewatch.incidents_versions VALUES ('i', 1)");
    await migrate(parts, OPTIONS, [older, newer]);
    expect(await parts.ask('SELECT * FROM gatewatch.incidents', {})).toEqual([
      { incident_id: 'i', version: 1, title: 'none' },
    ]);
    expect(await versions()).toEqual([1, 2]);
  });

  it('make a new store at once, and are not run again', async () => {
    await migrate(parts, OPTIONS);
    await migrate(parts, OPTIONS);
    expect(await versions()).toEqual([1, 2]);
  });

  it('give a store of the version before a ledger, and leave its rows', async () => {
    await migrate(parts, OPTIONS);
    await parts.command("INSERT INTO gatewatch.findings (ts, incident_id) VALUES (now(), 'kept')");
    await parts.command('DROP TABLE gatewatch.ledger');
    await parts.command('TRUNCATE TABLE gatewatch.schema_versions');
    await parts.command('INSERT INTO gatewatch.schema_versions (version) VALUES (1)');
    expect(await migrate(parts, OPTIONS)).toEqual({ from: 1, to: 2 });
    expect(await parts.ask('SELECT * FROM gatewatch.ledger', {})).toEqual([]);
    expect(await parts.ask('SELECT incident_id FROM gatewatch.findings', {})).toEqual([
      { incident_id: 'kept' },
    ]);
  });

  it('go on after a crash between any two statements', async () => {
    for (let after = 0; ; after += 3) {
      failing.after = after;
      const result: unknown = await migrate(parts, OPTIONS).catch((cause: unknown) => cause);
      if (!(result instanceof Error)) break;
      expect(result.message).toBe('the process died');
    }
    failing.after = Infinity;
    expect(await versions()).toEqual([1, 2]);
    expect(await parts.ask('SELECT * FROM gatewatch.incidents', {})).toEqual([]);
  });
});
