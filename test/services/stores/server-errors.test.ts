import { describe, expect, it } from 'vitest';
import { AppError } from '../../../services/errors.ts';
import { isDenied, isRace, missingRight, reasonOf } from '../../../services/stores/clickhouse-reason.ts';
import { explainServerError } from '../../../services/stores/server-errors.ts';

const NAME = { url: 'https://ch.example.com:8443', username: 'ann', database: 'gatewatch' };
const clickhouse = (type: string, message = 'words of ClickHouse') =>
  Object.assign(new Error(message), { type });
const system = (code: string, message = code) => Object.assign(new Error(message), { code });

describe('a failure at ClickHouse says in one line what to do', () => {
  it.each([
    [system('ECONNREFUSED'), 'E_STORE_UNAVAILABLE', /cannot be reached: nothing listens there/],
    [system('ENOTFOUND'), 'E_STORE_UNAVAILABLE', /no such host/],
    [system('ECONNRESET', 'socket hang up'), 'E_STORE_UNAVAILABLE', /connection was cut/],
    [new Error('Timeout error.'), 'E_STORE_UNAVAILABLE', /does not answer in time/],
    [new Error('The user aborted a request.'), 'E_STORE_UNAVAILABLE', /does not answer in time/],
    [new Error('<html>502 Bad Gateway</html>'), 'E_STORE_UNAVAILABLE', /does not answer as ClickHouse does/],
    [system('SELF_SIGNED_CERT_IN_CHAIN'), 'E_STORE_REFUSED', /not trusted.*GATEWATCH_CLICKHOUSE_TLS_CA_FILE/],
    [system('ERR_TLS_CERT_ALTNAME_INVALID'), 'E_STORE_REFUSED', /not trusted/],
    [system('ERR_SSL_WRONG_VERSION_NUMBER'), 'E_STORE_REFUSED', /does not speak TLS.*http:/],
    [clickhouse('AUTHENTICATION_FAILED'), 'E_STORE_REFUSED', /refuses user ann or the password/],
    [clickhouse('READONLY'), 'E_STORE_REFUSED', /read-only/],
    [clickhouse('UNKNOWN_DATABASE'), 'E_STORE_REFUSED', /gatewatch migrate/],
    [clickhouse('UNKNOWN_TABLE'), 'E_STORE_REFUSED', /gatewatch migrate/],
    [clickhouse('UNKNOWN_SETTING'), 'E_STORE_REFUSED', /older than/],
    [clickhouse('CLUSTER_DOESNT_EXIST'), 'E_STORE_REFUSED', /GATEWATCH_CLICKHOUSE_CLUSTER/],
    [clickhouse('TABLE_IS_READ_ONLY'), 'E_STORE_UNAVAILABLE', /Keeper/],
    [clickhouse('NOT_ENOUGH_SPACE'), 'E_STORE_UNAVAILABLE', /disk .* is full/],
    [clickhouse('TOO_MANY_PARTS'), 'E_STORE_UNAVAILABLE', /too much to do/],
    [clickhouse('CANNOT_PARSE_TEXT', 'first\nsecond'), 'E_STORE_UNAVAILABLE', /: first$/],
  ])('%s', (error, code, message) => {
    const explained = explainServerError(error, NAME);
    expect(explained).toMatchObject({ code, message, cause: error });
    expect(explained.message).not.toContain('\n');
  });

  it('names the right that is missing, also of an error that is explained already', () => {
    const words =
      "ann: Not enough privileges. To execute this query, it's necessary to have the grant INSERT(a, b) ON gatewatch.events. (Missing permissions: INSERT(a) ON gatewatch.events)";
    const explained = explainServerError(clickhouse('ACCESS_DENIED', words), NAME);
    expect(explained.message).toBe(
      'User ann may not do this at ClickHouse (it lacks INSERT(a, b) ON gatewatch.events). Give it the roles of docs/clickhouse.md, "Users".',
    );
    expect(missingRight(explained)).toBe('it lacks INSERT(a, b) ON gatewatch.events');
    expect([isDenied(explained), isRace(explained)]).toEqual([true, false]);
  });

  it('leaves what is explained already as it is', () => {
    const error = new AppError('E_BUSY', 'Try again.');
    expect(explainServerError(error, NAME)).toBe(error);
  });
});

describe('the name of an error', () => {
  it.each([
    ['Code: 57. DB::Exception: Table x exists. (TABLE_ALREADY_EXISTS)', 'TABLE_ALREADY_EXISTS', true],
    [
      'Code: 62. DB::Exception: Syntax error:\nSELEC 1. (SYNTAX_ERROR) (version 26.7.2.1)',
      'SYNTAX_ERROR',
      false,
    ],
    ['no error of ClickHouse (2)', '', false],
  ])('%s', (message, type, isOfARace) => {
    expect(reasonOf(new Error(message)).type).toBe(type);
    expect(isRace(new Error(message))).toBe(isOfARace);
  });
});
