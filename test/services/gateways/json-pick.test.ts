import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonPicker, MalformedJson } from '../../../services/gateways/json-pick.ts';
import { numberAt, textAt } from '../../../services/gateways/json-values.ts';
import { JsonBytes } from '../../../services/json-scan.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { pythonJson } from '../../support/python-json.ts';

const FIELDS = {
  id: 'id',
  status: 'status',
  cost: 'response_cost',
  endTime: 'endTime',
  ip: 'requester_ip_address',
  errorCode: 'error_information.error_code',
  hash: 'metadata.user_api_key_hash',
  cached: 'metadata.usage_object.prompt_tokens_details.cached_tokens',
  proto: '__proto__',
} as const;
type Field = keyof typeof FIELDS;
const NAMES = Object.keys(FIELDS) as Field[];
const picker = new JsonPicker(FIELDS);

/** What our reader finds; undefined when it refuses the record. */
function pick(text: string | Buffer): { after: number; values: unknown[] } | undefined {
  const json = new JsonBytes(Buffer.from(text));
  try {
    const after = picker.walk(json, 0, json.length);
    const values = NAMES.map((name) => {
      const slot = picker.slots[name];
      const range = [picker.startOf(slot), picker.endOf(slot)] as const;
      return textAt(json, ...range) ?? numberAt(json, ...range);
    });
    return { after, values };
  } catch (error) {
    if (error instanceof MalformedJson) return undefined;
    throw error;
  }
}

/** What `JSON.parse` of the whole gives for the same fields. */
function pickByParsing(text: string): unknown[] | undefined {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return undefined;
  return NAMES.map((name) => {
    const value = FIELDS[name].split('.').reduce(memberOf, record);
    return typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value))
      ? value
      : undefined;
  });
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

const name = fc.constantFrom(
  ...new Set(Object.values(FIELDS).flatMap((path) => path.split('.'))),
  'constructor',
  'x',
  '',
);
const leaf = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.double(),
  fc.integer(),
  fc.double({ min: 1e9, max: 2e9, noNaN: true }).map((value) => Number(value.toFixed(6))),
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -0,
    1e308,
    -1e308,
    5e-324,
    2 ** 53,
    0.1,
    '\ud800',
    '"',
    '\\',
    '\u2028',
  ),
);
const { record } = fc.letrec<{ record: Record<string, unknown>; value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    tie('record'),
  ),
  record: fc.dictionary(name, tie('value'), { maxKeys: 8, noNullPrototype: false }),
}));

/** The same record as one of the many texts that mean it: blanks, escapes, members that are there twice. */
function written(value: unknown, random: () => number): string {
  const blank = () => [' ', '', '', '\n\t', '\r\n'][Math.floor(random() * 5)] ?? '';
  if (typeof value === 'string') {
    return random() < 0.3 ? `"${[...escapedUnits(value, random)].join('')}"` : JSON.stringify(value);
  }
  if (Array.isArray(value)) {
    return `[${value.map((one) => blank() + written(one, random) + blank()).join(',')}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(
      ([key, inner]) =>
        blank() + written(key, random) + blank() + ':' + blank() + written(inner, random) + blank(),
    );
    if (members[0] !== undefined && random() < 0.2) members.push(members[0]);
    return `{${members.join(',') || blank()}}`;
  }
  return JSON.stringify(value);
}

function* escapedUnits(text: string, random: () => number): Generator<string> {
  for (const unit of text.split('')) {
    if (random() < 0.5) yield `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
    else yield JSON.stringify(unit).slice(1, -1);
  }
}

/** Making a record costs more than comparing it, so each is written and damaged in several ways. */
const WAYS = 5;
const ways = fc.tuple(record, fc.nat()).map(([value, seed]) => ({ value, random: seededRandom(seed) }));
const DAMAGE = '"\\{}[],:0-9.eE+ \nnut\u0001';

/** Cuts, drops, overwrites or repeats something, up to three times. */
function damaged(text: string, random: () => number): string {
  let changed = text;
  for (let rest = Math.ceil(random() * 3); rest > 0; rest -= 1) {
    const at = Math.floor(random() * (changed.length + 1));
    const kind = random();
    const before = changed.slice(0, at);
    if (kind < 0.1) changed = before;
    else if (kind < 0.4) changed = before + changed.slice(at + 1);
    else if (kind < 0.8)
      changed = before + (DAMAGE[Math.floor(random() * DAMAGE.length)] ?? '') + changed.slice(at + 1);
    else changed = before + changed.slice(Math.max(0, at - 3));
  }
  return changed;
}

describe('JsonPicker, compared with JSON.parse', () => {
  it('finds the same in 12,500 records, however they are written', () => {
    const property = fc.property(ways, ({ value, random }) => {
      for (let way = 0; way < WAYS; way += 1) {
        const json = Buffer.from(written(value, random));
        expect(pick(json)).toEqual({ after: json.length, values: pickByParsing(json.toString()) });
      }
    });
    fc.assert(property, { seed: 23, numRuns: 2_500 });
  });

  it('finds the same in 12,500 damaged records, or refuses them: never other than JSON.parse would give', () => {
    let valid = 0;
    let refused = 0;
    const property = fc.property(ways, ({ value, random }) => {
      for (let way = 0; way < WAYS; way += 1) {
        const json = Buffer.from(damaged(written(value, random), random))
          .toString()
          .trimStart();
        const found = pick(json);
        const expected = pickByParsing(json);
        if (found === undefined) refused += 1;
        if (expected === undefined) continue;
        valid += 1;
        expect(found?.values).toEqual(expected);
      }
    });
    fc.assert(property, { seed: 29, numRuns: 2_500 });
    // Both kinds must occur, or the comparison proves nothing.
    expect(valid).toBeGreaterThan(500);
    expect(refused).toBeGreaterThan(2_000);
  });

  it('finds the same in records as LiteLLM writes them', () => {
    for (const size of ['full', 'slim'] as const) {
      const text = pythonJson(
        aLitellmRecord({ size, keyAlias: 'Schlüssel für 検索', prompt: '"quoted" \\ {[' }),
      );
      expect(pick(text)).toEqual({ after: text.length, values: pickByParsing(text) });
    }
  });
});

describe('JsonPicker', () => {
  it('takes the last of several members with one name, also when it is no object any more', () => {
    const first =
      '"metadata":{"user_api_key_hash":"a","usage_object":{"prompt_tokens_details":{"cached_tokens":3}}}';
    const at = NAMES.indexOf('hash');
    expect(pick(`{${first},"metadata":{"user_api_key_hash":"b"}}`)?.values[at]).toBe('b');
    expect(pick(`{${first},"metadata":{}}`)?.values.every((value) => value === undefined)).toBe(true);
    expect(pick(`{${first},"metadata":null}`)?.values.every((value) => value === undefined)).toBe(true);
  });

  it('knows a name with escapes in it', () => {
    expect(pick(String.raw`{"\u0069d":"x","st\u0061tus":"y"}`)?.values.slice(0, 2)).toEqual(['x', 'y']);
  });

  it('takes names of prototypes for names', () => {
    const found = pick('{"__proto__":"p","constructor":{"prototype":{"id":"no"}},"id":"yes"}');
    expect(found?.values[NAMES.indexOf('proto')]).toBe('p');
    expect(found?.values[NAMES.indexOf('id')]).toBe('yes');
    expect(({} as Record<string, unknown>)['id']).toBeUndefined();
  });

  it.each([
    ['', 'nothing'],
    ['[]', 'an array'],
    ['{', 'an open object'],
    ['{"id"', 'a name without value'],
    ['{"id":', 'a colon without value'],
    ['{"id":}', 'no value'],
    ['{"id":"a"', 'no end'],
    ['{"id":"a",', 'a comma at the end'],
    ['{"id":"a",}', 'a comma before the end'],
    ['{"id":"a" "b":1}', 'no comma'],
    ['{id:1}', 'a bare name'],
    ['{"id":"a\\q"}', 'a wrong escape in a wanted text'],
    ['{"id":"a\u0001"}', 'a control character in a wanted text'],
    ['{"id":01}', 'a number with a zero before it'],
    ['{"id":1.}', 'a number without decimals'],
    ['{"id":-}', 'a sign alone'],
  ])('%s (%s)', (text) => {
    expect(pick(text)?.values[0]).toBeUndefined();
  });

  it('takes NaN and Infinity, which Python writes, for no number', () => {
    for (const word of ['NaN', 'Infinity', '-Infinity', '1e999', '-1e999']) {
      expect(pick(`{"response_cost": ${word}, "id": "kept"}`)?.values.slice(0, 3)).toEqual([
        'kept',
        undefined,
        undefined,
      ]);
    }
  });

  it('passes over 10,000 levels of something that is not wanted', () => {
    const deep = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
    expect(pick(`{"messages":${deep},"id":"after"}`)?.values[0]).toBe('after');
    expect(pick(`{"metadata":${'{"metadata":'.repeat(10_000)}`)).toBeUndefined();
  });

  it('reads bytes that are no UTF-8 as replacement characters', () => {
    const bytes = Buffer.concat([Buffer.from('{"id":"a'), Buffer.from([0xff, 0xc3]), Buffer.from('"}')]);
    expect(pick(bytes)?.values[0]).toBe('a\ufffd\ufffd');
  });
});
