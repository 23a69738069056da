import type { Column, Table } from '../../services/stores/tables.ts';
import { code, madeFrom, page, table } from './markdown.ts';
import type { SqlExample } from './sql-examples.ts';

interface View {
  about: string;
  columns: readonly Column[];
}

const INTRO = `Everything gatewatch knows is in ClickHouse, and you may ask it anything that is one \`SELECT\` on the tables below:

\`\`\`sh
gatewatch sql "SELECT kind, count() FROM incidents GROUP BY kind"
curl -s -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\
  -d '{"query":"SELECT count() FROM events WHERE ts > now() - INTERVAL {hours:UInt32} HOUR","params":{"hours":24}}' \\
  http://127.0.0.1:8787/v1/sql
\`\`\`

A query runs for at most 10 s and gives at most 10,000 rows. Anything else than one \`SELECT\` on these tables, and functions that
reach outside them, are refused with \`E_SQL_REFUSED\`. Times are UTC. Rows appear about a second after the event.
There are no prompts, responses, headers or plaintext keys in any table.`;

/** Page of the tables people query, with examples that the tests run. */
export function sqlPage(
  tables: Readonly<Record<string, Table>>,
  views: Readonly<Record<string, View>>,
  examples: readonly SqlExample[],
): string {
  const documented = Object.entries(tables).filter(([, { isInternal }]) => isInternal !== true);
  return page(
    madeFrom('services/stores/tables.ts and scripts/docs/sql-examples.ts'),
    '# Tables and SQL',
    INTRO,
    '## Examples',
    ...examples.map(({ title, query }) => `${title}:\n\n\`\`\`sql\n${query.trim()}\n\`\`\``),
    ...documented.map(([name, { about, ttl, columns }]) => section(name, `${about}${keptFor(ttl)}`, columns)),
    ...Object.entries(views).map(([name, { about, columns }]) => section(name, about, columns)),
  );
}

function section(name: string, about: string, columns: readonly Column[]): string {
  const rows = columns.map((column) => [code(column.name), code(column.type), column.about]);
  return page(`## ${name}`, about, table(['column', 'type', ''], rows)).trimEnd();
}

function keptFor(ttl: Table['ttl']): string {
  if (ttl === undefined) return '';
  return ttl.days === 'retention'
    ? ' Kept for `GATEWATCH_RETENTION_DAYS` (90).'
    : ` Kept for ${ttl.days.toString()} days.`;
}
