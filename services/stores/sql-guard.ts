import { AppError } from '../errors.ts';
import { isBehind } from './layout.ts';
import { parseAst } from './sql-ast.ts';
import type { AstNode } from './sql-ast.ts';
import { isAllowedFunction, isMembership } from './sql-functions.ts';
import { TABLES, VIEWS } from './tables.ts';
import type { Table } from './tables.ts';

/** Vetting of queries of people, on ClickHouse's own parse of the text it will run. One of three layers: the
 *  connection also has no rights to read anything but our database, and is read-only with limits that cannot be lifted. */

const MAX_QUERY_LENGTH = 20_000;
const MAX_AST_LINES = 5_000;

const DOCUMENTED: ReadonlySet<string> = new Set([
  ...Object.entries(TABLES as Record<string, Table>)
    .filter(([, { isInternal }]) => isInternal !== true)
    .map(([name]) => name),
  ...Object.keys(VIEWS),
]);

/** Nodes a SELECT is made of. Not here: Set (SETTINGS), transformers that hide the function they apply, and everything
 *  that is no SELECT. */
const NODES: ReadonlySet<string> = new Set([
  'SelectWithUnionQuery',
  'SelectIntersectExceptQuery',
  'SelectQuery',
  'ExpressionList',
  'Function',
  'Identifier',
  'Literal',
  'TablesInSelectQuery',
  'TablesInSelectQueryElement',
  'TableExpression',
  'TableIdentifier',
  'TableJoin',
  'ArrayJoin',
  'Asterisk',
  'QualifiedAsterisk',
  'ColumnsTransformerList',
  'ColumnsExceptTransformer',
  'OrderByElement',
  'InterpolateElement',
  'Subquery',
  'WithElement',
  'WindowDefinition',
  'WindowListElement',
]);

const TEXTS = /'(?:[^'\\]|\\.|'')*'/gs;
const QUOTED_NAMES = /`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"/gs;

export function refuse(reason: string): AppError {
  return new AppError('E_SQL_REFUSED', `${reason} Only one SELECT on the tables of docs/sql.md is run.`);
}

export function checkText(query: string): void {
  if (query.trim() === '') throw refuse('The query is empty.');
  if (query.length > MAX_QUERY_LENGTH) throw refuse('The query is longer than 20,000 characters.');
  if (query.includes('\0')) throw refuse('The query holds a NUL character.');
}

/** What is left of a formatted query without its texts and quoted names must not hold a second statement. */
export function checkSingle(formatted: string): void {
  const bare = formatted.replace(TEXTS, "''").replace(QUOTED_NAMES, '``');
  if (bare.includes(';')) throw refuse('These are several statements.');
}

/** Parameters stand for values, never for names, and each has a value: none is left over from elsewhere. */
export function checkParams(formatted: string, params: Readonly<Record<string, unknown>>): void {
  const bare = formatted.replace(TEXTS, "''");
  for (const [, name = '', type = ''] of bare.matchAll(/\{\s*([A-Za-z_]\w*)\s*:\s*([^}]*)\}/g)) {
    if (/identifier/i.test(type)) throw refuse('A parameter cannot stand for a name.');
    if (!Object.hasOwn(params, name)) throw new AppError('E_SQL_INVALID', `Parameter ${name} has no value.`);
  }
}

/** Names that a WITH clause gives to subqueries; plain words only, so that no path and no database can hide in one. */
function commonTables(formatted: string): ReadonlySet<string> {
  const bare = formatted.replace(TEXTS, "''");
  const names = [...bare.matchAll(/(?:\bWITH(?:\s+RECURSIVE)?|,)\s+`?([A-Za-z_]\w{0,60})`?\s+AS\s*\(/gi)];
  return new Set(names.map((match) => match[1] ?? ''));
}

interface Known {
  database: string;
  /** Names that the query gives to its own subqueries. */
  common: ReadonlySet<string>;
}

/** A WITH of the name of a table behind the documented ones, somewhere in the query, must not open it elsewhere. */
function checkTable(name: string, { database, common }: Known): void {
  const table = name.startsWith(`${database}.`) ? name.slice(database.length + 1) : name;
  if (DOCUMENTED.has(table) || (common.has(name) && !isBehind(name))) return;
  throw refuse(`There is no table "${name.slice(0, 60)}" for queries.`);
}

function checkFunction(node: AstNode, known: Known): void {
  const { name, parent, children } = node;
  if (parent?.kind === 'TableExpression') throw refuse(`${name.slice(0, 60)} is no table.`);
  if (!isAllowedFunction(name)) throw refuse(`The function ${name.slice(0, 60)} is not on the list.`);
  // `x IN events` reads a table without a TableIdentifier.
  const right = children[0]?.children[1];
  if (isMembership(name) && right?.kind === 'Identifier') checkTable(right.name, known);
}

function checkNode(node: AstNode, known: Known): void {
  const { kind, name, depth } = node;
  if (kind === 'Set') throw refuse('SETTINGS cannot be given.');
  if (depth === 1 && kind !== 'ExpressionList') throw refuse('FORMAT and INTO OUTFILE cannot be given.');
  if (!NODES.has(kind)) throw refuse(`The query uses ${kind.slice(0, 40)}.`);
  if (kind === 'TableIdentifier') checkTable(name, known);
  if (kind === 'Function') checkFunction(node, known);
}

/** Looks through the parse of a query, as `EXPLAIN AST` prints it. Throws `E_SQL_REFUSED`. */
export function vetAst(ast: string, formatted: string, database: string): void {
  const nodes = parseAst(ast, MAX_AST_LINES);
  if (nodes === undefined) throw refuse('The query is too large.');
  if (nodes[0]?.kind !== 'SelectWithUnionQuery') throw refuse('This is no SELECT.');
  const known = { database, common: commonTables(formatted) };
  for (const node of nodes) checkNode(node, known);
}
