import { Secret } from './secret.ts';

/** Where a ClickHouse server is, and as whom it is asked. */
export interface ClickHouseAddress {
  /** Without user, password and database; safe to show. */
  url: string;
  username: string;
  password: Secret;
  database: string;
}

const DEFAULT_DATABASE = 'gatewatch';
/** It becomes part of SQL and of paths in Keeper. */
const NAME = /^[A-Za-z_]\w{0,63}$/;
/** ClickHouse's own, and the one that belongs to everybody. */
const NOT_OURS: ReadonlySet<string> = new Set(['default', 'system', 'information_schema']);

/** Reads `http(s)://user:password@host:8123/database`. Gives a text that says what is wrong and never quotes the URL. */
export function parseClickHouseUrl(text: string): ClickHouseAddress | { wrong: string } {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) return wrong(SHAPE);
  const url = new URL(text);
  if (url.search !== '' || url.hash !== '') return wrong('must end after the database, without "?" and "#"');
  if (url.port === '9000' || url.port === '9440') {
    return wrong(
      'names a port of the native protocol; take that of HTTP, 8123, or of HTTPS, 8443, unless yours differs',
    );
  }
  return readParts(url);
}

const SHAPE =
  'must be http(s)://user:password@host:8123/database; signs such as @ / : # % in a password are written as %40 %2F %3A %23 %25';

function readParts(url: URL): ClickHouseAddress | { wrong: string } {
  const [username, password] = [decode(url.username), decode(url.password)];
  if (username === undefined || password === undefined) return wrong(SHAPE);
  const database = url.pathname.replace(/^\/|\/$/g, '') || DEFAULT_DATABASE;
  if (!NAME.test(database)) return wrong('names a database with other signs than letters, digits and _');
  if (NOT_OURS.has(database.toLowerCase()))
    return wrong('must name a database of its own, such as /gatewatch');
  const user = username === '' ? 'default' : username;
  return { url: url.origin, username: user, password: new Secret(password), database };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function wrong(what: string): { wrong: string } {
  return { wrong: what };
}
