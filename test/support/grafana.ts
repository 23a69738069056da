import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const DIR = fileURLToPath(new URL('../../dashboards/grafana', import.meta.url));

const datasource = z.object({ type: z.string(), uid: z.string() });
const target = z.object({
  datasource,
  refId: z.string(),
  rawSql: z.string().optional(),
  expr: z.string().optional(),
});
const panel = z.object({
  id: z.number(),
  type: z.string(),
  title: z.string().min(1),
  datasource: datasource.optional(),
  gridPos: z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
  targets: z.array(target).default([]),
});
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  panels: z.array(panel),
  templating: z.object({
    list: z.array(z.object({ name: z.string(), query: z.string(), datasource })),
  }),
});

export type Dashboard = z.output<typeof dashboard> & { file: string };

export function readDashboards(): Dashboard[] {
  return readdirSync(DIR)
    .filter((name) => name.endsWith('.json'))
    .map((file) => ({
      file,
      ...dashboard.parse(JSON.parse(readFileSync(join(DIR, file), 'utf8'))),
    }));
}

interface Range {
  from: Date;
  to: Date;
}

/** The SQL as the ClickHouse data source of Grafana sends it: its macros written out, "All" chosen everywhere. */
export function writtenOut(sql: string, { from, to }: Range): string {
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000).toString();
  const filled = sql
    .replaceAll(
      /\$__timeFilter\((\w+)\)/g,
      (_, column: string) =>
        `${column} >= toDateTime(${seconds(from)}) AND ${column} <= toDateTime(${seconds(to)})`,
    )
    .replaceAll(
      /\$__timeInterval\((\w+)\)/g,
      (_, column: string) => `toStartOfInterval(toDateTime(${column}), INTERVAL 60 second)`,
    )
    .replaceAll('${team:regex}', '.*');
  const left = /\$\w+|\$\{/.exec(filled);
  if (left !== null) throw new Error(`A macro or variable that this test does not know: ${left[0]}`);
  return filled;
}
