import { describe, expect, it } from 'vitest';
import { checkClickHouse, examineServer } from '../../../../services/cli/doctor/check-clickhouse.ts';
import { parseClickHouseUrl } from '../../../../services/clickhouse-url.ts';
import { loadConfig } from '../../../../services/config.ts';
import { rightsOf } from '../../../../services/stores/access.ts';
import { quietLog } from '../../../support/quiet.ts';
import { NEWEST_VERSION } from '../../../../services/stores/migrations.ts';

const NOW = 1_790_000_000_000;
const GIB = 1024 ** 3;

interface Server {
  url?: string;
  version?: string;
  readonly?: number;
  clockAheadMs?: number;
  schema?: number;
  /** The rights of these roles; `everything` has also those that are dangerous. */
  roles?: readonly Parameters<typeof rightsOf>[0][] | 'everything';
  freeBytes?: number;
  cluster?: string;
  nodes?: number;
  hasMacros?: boolean;
}

const ALL_ROLES = ['ingest', 'detect', 'respond', 'audit', 'api'] as const;

/** A server that answers what doctor asks. */
async function examine(server: Server = {}) {
  const address = parseClickHouseUrl(server.url ?? 'https://ann:secret@ch:8443/gatewatch');
  if ('wrong' in address) throw new Error(address.wrong);
  const layout = {
    database: 'gatewatch',
    ...(server.cluster === undefined ? {} : { cluster: server.cluster }),
  };
  const { roles = ALL_ROLES } = server;
  const granted = new Set(
    (roles === 'everything' ? [] : roles)
      .flatMap((role) => rightsOf(role, layout))
      .map(({ right, on }) => `CHECK GRANT ${right} ON ${on}`),
  );
  const answer = (query: string): object[] => {
    if (query.startsWith('CHECK')) return [{ result: roles === 'everything' || granted.has(query) ? 1 : 0 }];
    if (query.includes('version()'))
      return [
        {
          version: server.version ?? '25.8.1.1',
          readonly: String(server.readonly ?? 0),
          at: String(NOW + (server.clockAheadMs ?? 0)),
        },
      ];
    if (query.includes('system.tables')) return server.schema === 0 ? [] : [{ 1: 1 }];
    if (query.includes('schema_versions')) return [{ version: server.schema ?? NEWEST_VERSION }];
    if (query.includes('system.disks'))
      return [{ name: 'default', free_space: String(server.freeBytes ?? 100 * GIB) }];
    if (query.includes('system.clusters'))
      return [{ nodes: String(server.nodes ?? 4), shards: String((server.nodes ?? 4) / 2) }];
    if (server.hasMacros === false) throw new Error('No macro shard in config');
    return [{}];
  };
  const ask = <Row>(query: string) => Promise.resolve(answer(query) as Row[]);
  const advice = await examineServer({ ask, layout }, address, () => NOW);
  return advice.map(({ level, text }) => `${level}: ${text}`);
}

describe('doctor at a ClickHouse server', () => {
  it('finds nothing where all is well', async () => {
    expect(await examine()).toEqual([
      'ok: ClickHouse 25.8.1.1 at https://ch:8443 answers.',
      `ok: The schema in database gatewatch is version ${NEWEST_VERSION}.`,
      'ok: The user of ClickHouse has the rights of ingest, detect, respond, audit, api.',
      'ok: 100.0 GiB are free on disk default of ClickHouse.',
    ]);
    expect(await examine({ cluster: 'main' })).toContain('ok: Cluster main has 4 node(s) in 2 shard(s).');
  });

  it.each<{ story: string; server: Server; says: RegExp }>([
    { story: 'too old', server: { version: '25.2.1.1' }, says: /^problem: .*needs 25.3/ },
    { story: 'read-only', server: { readonly: 1 }, says: /^problem: User ann is read-only/ },
    { story: 'a clock ahead', server: { clockAheadMs: 5_001 }, says: /^warning: .* 5 s ahead of/ },
    { story: 'a clock behind', server: { clockAheadMs: -60_000 }, says: /^warning: .* 60 s behind/ },
    { story: 'no schema', server: { schema: 0 }, says: /^problem: .*no schema.*gatewatch migrate/ },
    {
      story: 'a newer schema',
      server: { schema: 99 },
      says: /^problem: .*version 99, this gatewatch knows \d/,
    },
    {
      story: 'no rights',
      server: { roles: [] },
      says: /^problem: .*for detect: .*INSERT ON gatewatch.events/,
    },
    {
      story: 'rights of one step',
      server: { roles: ['detect'] },
      says: /^note: It lacks rights of other steps.*for audit: INSERT ON gatewatch.audit/,
    },
    {
      story: 'rights of everything',
      server: { roles: 'everything' },
      says: /^warning: .*no step needs: FILE ON \*\.\*, URL ON \*\.\*.*REMOTE/,
    },
    { story: 'hardly room', server: { freeBytes: GIB }, says: /^warning: Only 1.0 GiB are free/ },
    { story: 'no room', server: { freeBytes: 10 }, says: /^problem: Only 0.0 GiB/ },
    { story: 'another cluster', server: { cluster: 'x', nodes: 0 }, says: /^problem: .*knows no cluster x/ },
    {
      story: 'nodes without macros',
      server: { cluster: 'x', hasMacros: false },
      says: /^problem: .*macro shard or replica/,
    },
    {
      story: 'no encryption',
      server: { url: 'http://ann:secret@ch:8123' },
      says: /^warning: The password .* without encryption/,
    },
    {
      story: 'no password',
      server: { url: 'https://ch:8443' },
      says: /^warning: User default .* no password/,
    },
  ])('names $story', async ({ server, says }) => {
    const advice = await examine(server);
    expect(advice.filter((line) => says.test(line))).toHaveLength(1);
  });

  it.each([5_000, -5_000])('takes a clock that is %d ms off', async (clockAheadMs) => {
    expect((await examine({ clockAheadMs })).join()).not.toContain('clock');
  });

  it('does not call the way to this machine itself open', async () => {
    expect((await examine({ url: 'http://ann:secret@127.0.0.1:8123' })).join()).not.toContain('encryption');
  });

  it('says at once that nobody answers, and nothing where the store is in the data folder', async () => {
    const config = loadConfig({ GATEWATCH_CLICKHOUSE_URL: 'http://ann:topsecret@127.0.0.1:1/gatewatch' });
    const advice = await checkClickHouse(config, quietLog);
    expect(advice).toMatchObject([{ level: 'problem', text: /cannot be reached: nothing listens there/ }]);
    expect(JSON.stringify(advice)).not.toContain('topsecret');
    expect(await checkClickHouse(loadConfig({}), quietLog)).toEqual([]);
  });
});
