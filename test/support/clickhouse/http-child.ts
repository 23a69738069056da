import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { createGunzip, gzipSync } from 'node:zlib';
import { Session } from 'chdb';
import { sqlLiteral } from '../../../services/stores/query-params.ts';
import { asOneNode } from './as-one-node.ts';
import { writeServerConfig } from './server-config.ts';
import type { ServerRequest } from './server-config.ts';

/** ClickHouse’s HTTP interface over the embedded engine, as far as our client uses it. A process of its own, because the
 *  engine has one data folder for each process. It proves the way through the client, not what a server does. */
const request = JSON.parse(process.argv[2] ?? '') as ServerRequest;
const data = `${request.dir}/data`;
mkdirSync(data, { recursive: true });
// The first session decides the rights of all; it stays open.
const first = new Session(data, { connectionArgs: [`--config-file=${writeServerConfig(request)}`] });

/** What of an address is no setting. */
const OWN = new Set([
  'query',
  'database',
  'default_format',
  'query_id',
  'wait_end_of_query',
  'role',
  'session_id',
]);
const OWN_SETTINGS = new Set(['enable_http_compression', 'cancel_http_readonly_queries_on_client_close']);

async function answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = new URL(message.url ?? '/', 'http://localhost');
  const params = address.searchParams;
  const isPacked = message.headers['content-encoding'] === 'gzip';
  const body = (await buffer(isPacked ? message.pipe(createGunzip()) : message)).toString('utf8');
  if (!isKnown(message)) {
    fail(response, LOGIN_FAILED);
    return;
  }
  const given = params.get('query');
  const sql = given === null ? body : body === '' ? given : `${given}\n${body}`;
  const result = await run(sql, params).catch((error: unknown) => error as Error);
  if (result instanceof Error) {
    fail(response, result.message);
    return;
  }
  const zipped = params.get('enable_http_compression') === '1' && wantsGzip(message);
  response.setHeader('X-ClickHouse-Summary', '{"read_rows":"0","written_rows":"0"}');
  if (zipped) response.setHeader('Content-Encoding', 'gzip');
  response.end(zipped ? gzipSync(result) : result);
}

/** Every request has a connection of its own: settings would stay on one. Read-only goes last. */
async function run(sql: string, params: URLSearchParams): Promise<Uint8Array> {
  const session = new Session(data);
  try {
    const database = params.get('database');
    if (database !== null) await session.queryAsync(`USE ${database}`);
    const settings = [...params].filter(([name]) => !OWN.has(name) && !OWN_SETTINGS.has(name));
    const isLast = ([name]: [string, string]) => name === 'readonly';
    const ordered = [...settings.filter((one) => !isLast(one)), ...settings.filter(isLast)];
    for (const [name, value] of ordered) await session.queryAsync(`SET ${name} = ${sqlLiteral(value)}`);
    const format = params.get('default_format') ?? 'TabSeparated';
    const statement = request.cluster === undefined ? sql : asOneNode(sql);
    return (await session.queryAsync(statement, { format })).bytes();
  } finally {
    session.close();
  }
}

const LOGIN_FAILED =
  'Code: 516. DB::Exception: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)';

function isKnown({ headers }: IncomingMessage): boolean {
  const basic = Buffer.from((headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString('utf8');
  const named = `${String(headers['x-clickhouse-user'])}:${String(headers['x-clickhouse-key'])}`;
  return [basic, named].includes(`${request.username}:${request.password}`);
}

function wantsGzip({ headers }: IncomingMessage): boolean {
  return String(headers['accept-encoding']).includes('gzip');
}

const STATUS: Readonly<Record<string, number>> = { 516: 403, 62: 400, 81: 404, 60: 404 };

function fail(response: ServerResponse, message: string): void {
  const code = /Code: (\d+)/.exec(message)?.[1] ?? '1';
  response.statusCode = STATUS[code] ?? 500;
  response.setHeader('X-ClickHouse-Exception-Code', code);
  response.end(`${message} (version 26.7.2.1)\n`);
}

const server = createServer((message, response) => {
  answer(message, response).catch((error: unknown) => {
    response.destroy(error as Error);
  });
});
server.listen(request.port ?? 0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
// Whoever started it is gone.
process.stdin.resume().once('close', () => {
  first.close();
  process.exit();
});
