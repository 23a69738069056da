import { AppError, messageOf } from '../errors.ts';
import { missingRight, reasonOf } from './clickhouse-reason.ts';

/** What is named in a sentence about a server: never the password. */
export interface ServerName {
  url: string;
  username: string;
  database: string;
}

const USERS = 'docs/clickhouse.md, "Users"';

type Sentence = (name: ServerName, text: string) => string;

const loginRefused: Sentence = ({ url, username }) =>
  `ClickHouse at ${url} refuses user ${username} or the password. Correct them in GATEWATCH_CLICKHOUSE_URL.`;
const keeperLost: Sentence = ({ url }, text) =>
  `ClickHouse at ${url} cannot write to its Keeper (${text}). Look at the Keeper of that cluster.`;
const overloaded: Sentence = ({ url }, text) => `ClickHouse at ${url} has too much to do (${text}).`;
const oldOrOther: Sentence = ({ url }, text) =>
  `ClickHouse at ${url} does not know what gatewatch asks for (${text}). Is it older than docs/clickhouse.md allows?`;
const noSchema: Sentence = ({ database }, text) =>
  `The schema in database ${database} is missing or not whole (${text}). Run "gatewatch migrate".`;

/** By ClickHouse's own name of the error. Those of the second table are no matter of a moment. */
const MAY_PASS: Readonly<Record<string, Sentence>> = {
  TABLE_IS_READ_ONLY: keeperLost,
  KEEPER_EXCEPTION: keeperLost,
  NO_ZOOKEEPER: keeperLost,
  NOT_ENOUGH_SPACE: ({ url }) => `The disk of ClickHouse at ${url} is full. Make room there.`,
  TOO_MANY_PARTS: overloaded,
  TOO_MANY_SIMULTANEOUS_QUERIES: overloaded,
  MEMORY_LIMIT_EXCEEDED: overloaded,
  QUOTA_EXCEEDED: ({ username }, text) => `User ${username} has used up its quota at ClickHouse (${text}).`,
  ALL_CONNECTION_TRIES_FAILED: ({ url }, text) =>
    `ClickHouse at ${url} cannot reach another node of its cluster (${text}). See that all nodes run.`,
  TIMEOUT_EXCEEDED: ({ url }, text) =>
    `ClickHouse at ${url} took too long (${text}). On a cluster, see that all nodes run.`,
};

const LASTING: Readonly<Record<string, Sentence>> = {
  AUTHENTICATION_FAILED: loginRefused,
  REQUIRED_PASSWORD: loginRefused,
  WRONG_PASSWORD: loginRefused,
  UNKNOWN_USER: loginRefused,
  IP_ADDRESS_NOT_ALLOWED: ({ url, username }) =>
    `ClickHouse at ${url} does not let user ${username} in from this machine. Correct the HOST of that user.`,
  ACCESS_DENIED: ({ username }, text) =>
    `User ${username} may not do this at ClickHouse (${missingRight(text)}). Give it the roles of ${USERS}.`,
  READONLY: ({ username }) =>
    `User ${username} is read-only at ClickHouse. Take "readonly" out of its settings profile; see ${USERS}.`,
  UNKNOWN_DATABASE: noSchema,
  UNKNOWN_TABLE: noSchema,
  UNKNOWN_SETTING: oldOrOther,
  SYNTAX_ERROR: oldOrOther,
  CLUSTER_DOESNT_EXIST: ({ url }) =>
    `ClickHouse at ${url} knows no cluster of this name. Correct GATEWATCH_CLICKHOUSE_CLUSTER, or <remote_servers> there.`,
  NO_ELEMENTS_IN_CONFIG: ({ url }, text) =>
    `ClickHouse at ${url} lacks a piece of its configuration (${text}). A cluster needs Keeper, and the macros shard and replica.`,
};

/** By the code of the system call, or of TLS. */
const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name cannot be looked up now',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ETIMEDOUT: 'it does not answer in time',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
};

/** One line that says what is wrong and what to do, from whatever the client threw. */
export function explainServerError(error: unknown, name: ServerName): AppError {
  if (error instanceof AppError) return error;
  const { type, text } = reasonOf(error);
  const lasting = LASTING[type];
  if (lasting !== undefined) return refused(lasting(name, text), error);
  const passing = MAY_PASS[type];
  if (passing !== undefined) return unavailable(passing(name, text), error);
  return type === '' ? withoutAnswer(error, name) : unavailable(`ClickHouse at ${name.url}: ${text}`, error);
}

function withoutAnswer(error: unknown, { url }: ServerName): AppError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const message = messageOf(error);
  if (isCertificate(code)) {
    const advice =
      'Set GATEWATCH_CLICKHOUSE_TLS_CA_FILE to its authority, or correct the name in the address';
    return refused(`The certificate of ClickHouse at ${url} is not trusted (${code}). ${advice}.`, error);
  }
  if (code.startsWith('ERR_SSL') || code === 'EPROTO')
    return refused(`${url} does not speak TLS. Is it the port of plain HTTP? Then write http://.`, error);
  const why = UNREACHABLE[code] ?? (/timeout|aborted/i.test(message) ? UNREACHABLE['ETIMEDOUT'] : undefined);
  if (why !== undefined)
    return unavailable(
      `ClickHouse at ${url} cannot be reached: ${why}. See that it runs, and GATEWATCH_CLICKHOUSE_URL.`,
      error,
    );
  return unavailable(
    `${url} does not answer as ClickHouse does (${reasonOf(error).text.slice(0, 100) || 'no text'}). Is it the HTTP port of ClickHouse?`,
    error,
  );
}

function isCertificate(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME/.test(code);
}

function unavailable(message: string, cause: unknown): AppError {
  return new AppError('E_STORE_UNAVAILABLE', message, { cause });
}

function refused(message: string, cause: unknown): AppError {
  return new AppError('E_STORE_REFUSED', message, { cause });
}
