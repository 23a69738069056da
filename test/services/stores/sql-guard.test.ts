import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkParams, checkSingle, vetAst } from '../../../services/stores/sql-guard.ts';
import { paramSettings, sqlLiteral } from '../../../services/stores/query-params.ts';

const select = (...lines: string[]) =>
  [
    'SelectWithUnionQuery (children 1)',
    ' ExpressionList (children 1)',
    '  SelectQuery (children 1)',
    '   ExpressionList (children 1)',
    ...lines.map((line) => `    ${line}`),
  ].join('\n');

describe('the guard', () => {
  it.each([
    ['an alias that looks like a count of children', select('Literal UInt64_1 (alias a (children 3))')],
    ['a documented table', select('TableIdentifier events (alias system.one)')],
    ['an allowed function with combinators', select('Function sumIfOrNull (alias x) (children 1)')],
  ])('lets %s pass', (_, ast) => {
    expect(() => vetAst(ast, 'SELECT 1', 'gatewatch')).not.toThrow();
  });

  it.each([
    ['a table whose alias is documented', select('TableIdentifier system.one (alias events)')],
    ['a function whose alias is allowed', select('Function file (alias count) (children 1)')],
    ['a line made by a name with a line break', select('Identifier a', 'x file')],
    [
      'a function in the place of a table',
      select('TableExpression (children 1)', ' Function format (children 1)'),
    ],
    ['an unknown node', select('ColumnsApplyTransformer')],
    ['an aggregate with a combinator that shows states', select('Function sumState (children 1)')],
    ['something beside the SELECT', `${select('Literal UInt64_1')}\n Literal '/tmp/x'`],
    ['no SELECT', 'DropQuery  events (children 1)'],
    ['nothing', ''],
    ['a parse that is too large', select(...Array.from({ length: 6_000 }, () => 'Literal UInt64_1'))],
  ])('refuses %s', (_, ast) => {
    expect(() => vetAst(ast, 'SELECT 1', 'gatewatch')).toThrow(
      expect.objectContaining({ code: 'E_SQL_REFUSED' }) as Error,
    );
  });

  it('takes names of WITH for tables only when they are plain', () => {
    const ast = (name: string) => select(`TableIdentifier ${name}`);
    expect(() => vetAst(ast('x'), 'WITH x AS (SELECT 1) SELECT * FROM x', 'gatewatch')).not.toThrow();
    expect(() =>
      vetAst(ast('y'), 'WITH x AS (SELECT 1), y AS (SELECT 2) SELECT * FROM y', 'gatewatch'),
    ).not.toThrow();
    expect(() => vetAst(ast('z'), "SELECT ' WITH z AS (' FROM z", 'gatewatch')).toThrow();
    expect(() =>
      vetAst(ast('/etc/passwd'), 'WITH `/etc/passwd` AS (SELECT 1) SELECT 1', 'gatewatch'),
    ).toThrow();
    expect(() =>
      vetAst(ast('system.one'), 'WITH `system.one` AS (SELECT 1) SELECT 1', 'gatewatch'),
    ).toThrow();
  });

  it('sees a second statement, and none in a text or a quoted name', () => {
    expect(() => checkSingle("SELECT ';', `;`, \";\", 'it''s; \\'; '")).not.toThrow();
    expect(() => checkSingle("SELECT ''; DROP TABLE events")).toThrow();
    expect(() => checkSingle("SELECT '\\\\'; DROP TABLE events")).toThrow();
  });

  it('wants a value for each parameter, and none for names', () => {
    expect(() => checkParams("SELECT {a:String}, '{b:String}'", { a: '' })).not.toThrow();
    expect(() => checkParams('SELECT {a:Map(String, String)}', {})).toThrow(/a has no value/);
    expect(() => checkParams('SELECT {toString:String}', {})).toThrow(/no value/);
    expect(() => checkParams('SELECT * FROM {t:Identifier}', { t: 'x' })).toThrow(/stand for a name/);
  });
});

describe('a text literal', () => {
  it('ends where it should, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        const inside = sqlLiteral(text).slice(1, -1);
        expect(inside.replace(/\\./gs, '')).not.toMatch(/['\\\0\n]/);
      }),
    );
  });

  it('is all that a parameter can bring into SET', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.string()),
      fc.double({ noNaN: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(typeof value !== 'number' || Number.isFinite(value));
        const [setting = ''] = paramSettings({ p: value });
        expect(setting.replace(/'(?:[^'\\]|\\.)*'/s, '')).toBe('param_p = ');
      }),
    );
  });

  it('is not made of what is no value', () => {
    for (const value of [undefined, Number.NaN, Infinity, {}, [{}], Symbol('x'), () => 1]) {
      expect(() => paramSettings({ p: value })).toThrow(
        expect.objectContaining({ code: 'E_SQL_INVALID' }) as Error,
      );
    }
    expect(() => paramSettings({ p: 'x'.repeat(100_001) })).toThrow(/100,000/);
  });
});
