import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openEmbeddedStore } from '../../services/stores/embedded.ts';
import type { Store } from '../../services/stores/store.ts';
import { readDashboards, writtenOut } from '../support/grafana.ts';
import { knownMetrics, namedMetrics, promqlMistakes } from '../support/promql.ts';
import { quietLog } from '../support/quiet.ts';
import { anEventRow, aRow, eventRows } from '../support/store-rows.ts';

const dashboards = readDashboards();
const targets = dashboards.flatMap(({ file, panels }) =>
  panels.flatMap(({ title, targets: all }) =>
    all.map((target) => ({ where: `${file}: ${title}`, ...target })),
  ),
);
const variables = dashboards.flatMap(({ file, templating }) =>
  templating.list.map(({ name, query }) => ({ where: `${file}: variable ${name}`, rawSql: query })),
);

/** An hour with an incident in it, from the first call to what people made of it. */
async function fill(store: Store, now: number): Promise<void> {
  const at = (minutes: number) => now - minutes * 60_000;
  await store.insert('events', [
    ...eventRows(5, { team: 'search', costUsd: 0.5 }),
    anEventRow({ status: 'failure', outcome: 'unknown_key' }),
  ]);
  const incident = { incident_id: 'inc-1', kind: 'leaked_key', severity: 'critical', status: 'open' };
  await store.insert('incidents', [
    aRow('incidents', { ...incident, version: 1, verdict: 'attack', usd_lost: 3, title: 'Key in use' }),
  ]);
  await store.insert('incident_changes', [
    aRow('incident_changes', { ...incident, ts: at(9), change: 'opened' }),
    aRow('incident_changes', { ...incident, ts: at(5), change: 'acknowledged' }),
  ]);
  await store.insert('findings', [aRow('findings', { finding_id: 'f-1', detector: 'canary-used' })]);
  await store.insert('actions', [
    aRow('actions', { action_id: 'a-1', kind: 'block', state: 'verified', target: 'k' }),
  ]);
}

describe('SQL of the dashboards', () => {
  const now = Date.now();
  let dir: string;
  let store: Store;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-dashboards-'));
    store = await openEmbeddedStore({ dir, retentionDays: 90, log: quietLog });
    await fill(store, now);
  });
  afterAll(async () => {
    await store.close();
    await rm(dir, { recursive: true, force: true });
  });

  const queries = [...targets, ...variables].flatMap(({ where, rawSql }) =>
    rawSql === undefined ? [] : [{ where, rawSql }],
  );

  // By the same door as SQL of people: what a dashboard reads is documented, and the role of the API may read it.
  it.each(queries)('$where gives rows', async ({ rawSql }) => {
    const sql = writtenOut(rawSql, { from: new Date(now - 3_600_000), to: new Date(now + 60_000) });
    const { columns, rows } = await store.userQuery(sql, {}, { timeoutMs: 10_000, maxRows: 1_000 });
    expect(columns.length).toBeGreaterThan(0);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows[0]?.every((cell) => cell === null)).toBe(false);
  });

  it.each(queries.filter(({ rawSql }) => rawSql.includes('$__timeInterval')))(
    '$where has a column named time first, as Grafana wants of a series',
    ({ rawSql }) => {
      expect(rawSql).toMatch(/^SELECT \$__timeInterval\(\w+\) AS time, /);
    },
  );

  it('says which people took an incident over, and how soon', async () => {
    const query = queries.find(({ where }) => where.endsWith('Response times of people'));
    const sql = writtenOut(query?.rawSql ?? '', { from: new Date(now - 3_600_000), to: new Date(now) });
    const { rows } = await store.userQuery(sql, {}, { timeoutMs: 10_000, maxRows: 10 });
    expect(rows.map(([severity, , half]) => [severity, half])).toEqual([['critical', 240]]);
  });
});

describe('expressions for Prometheus', () => {
  const ofDashboards = targets.flatMap(({ where, expr }) => (expr === undefined ? [] : [{ where, expr }]));
  let known: Set<string>;
  let rules: { where: string; expr: string }[] = [];
  beforeAll(async () => {
    known = await knownMetrics();
    const file = parse(await readFile('deploy/prometheus/alerts.yml', 'utf8')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    rules = file.groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ where: alert, expr })));
  });

  it('are all understood', () => {
    const wrong = [...ofDashboards, ...rules].filter(({ expr }) => promqlMistakes(expr).length > 0);
    expect(wrong).toEqual([]);
    expect(rules.length).toBeGreaterThanOrEqual(8);
    expect(ofDashboards.length).toBeGreaterThanOrEqual(20);
  });

  it('name only metrics that gatewatch has', () => {
    const unknown = [...ofDashboards, ...rules].flatMap(({ where, expr }) =>
      namedMetrics(expr)
        .filter((name) => !known.has(name))
        .map((name) => `${where}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('of the rules, each has its line in docs/deploy.md', async () => {
    const page = await readFile('docs/deploy.md', 'utf8');
    expect(rules.filter(({ where }) => !page.includes(`\`${where}\``))).toEqual([]);
  });

  it('a broken one would be noticed', () => {
    expect(promqlMistakes('sum(rate(gatewatch_events_judged_total[5m])) by (le')).not.toEqual([]);
    expect(promqlMistakes('sum(rate(gatewatch_events_judged_total[$__rate_interval]))')).toEqual([]);
  });
});

describe('the dashboards', () => {
  it.each(dashboards)('$file has panels with places and ids of their own', ({ panels }) => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
  });

  it('use only data sources that are provisioned', async () => {
    const file = parse(await readFile('deploy/grafana/provisioning/datasources/gatewatch.yml', 'utf8')) as {
      datasources: { uid: string; type: string }[];
    };
    const provisioned = file.datasources.map(({ uid, type }) => ({ type, uid }));
    for (const { datasource } of targets) expect(provisioned).toContainEqual(datasource);
  });
});
