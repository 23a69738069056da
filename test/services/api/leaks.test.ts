import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { openApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const digest = (key: string) => createHash('sha256').update(key).digest('hex');
const report = (api: TestApi, payload: object) =>
  api.as('ingest', { method: 'POST', url: '/v1/leaks', payload });
const now = () => 1_790_000_000_000;

describe('a report of leaked keys', () => {
  it('becomes a fact for each key, by its digest', async () => {
    await using api = await openApi({ now });
    const keys = [{ key: 'sk-0123456789' }, { sha256: digest('sk-another').toUpperCase() }];
    const answer = await report(api, { source: 'our scanner', keys, url: 'https://example.com/leak' });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toEqual({ received: 2, skipped: 0 });
    const common = {
      type: 'leak',
      at: now(),
      foundAt: now(),
      source: 'our scanner',
      by: expect.stringMatching(/^ingest of the test \(.+\)$/) as string,
      url: 'https://example.com/leak',
      isVerified: true,
    };
    expect(api.appended('facts')).toEqual([
      { ...common, keyId: digest('sk-0123456789') },
      { ...common, keyId: digest('sk-another') },
    ]);
  });

  it('never lets the plaintext go any further', async () => {
    await using api = await openApi();
    const answer = await report(api, { source: 's', keys: [{ key: 'sk-marker-0123456789' }] });
    expect(answer.body).not.toContain('marker');
    expect(JSON.stringify(api.appended('facts'))).not.toContain('marker');
  });

  it('counts as sure unless it says otherwise', async () => {
    await using api = await openApi();
    const keys = [{ sha256: digest('k') }];
    await report(api, { source: 's', keys });
    await report(api, { source: 's', keys, verified: true });
    await report(api, { source: 's', keys, verified: false });
    expect(api.appended('facts')).toMatchObject([
      { isVerified: true },
      { isVerified: true },
      { isVerified: false },
    ]);
  });

  it.each([
    ['2026-09-20T10:00:00Z', Date.UTC(2026, 8, 20, 10)],
    ['2026-09-20T10:00:00+02:00', Date.UTC(2026, 8, 20, 8)],
    [1_789_000_000, 1_789_000_000_000],
    [1_789_000_000_000, 1_789_000_000_000],
    ['2031-01-01T00:00:00Z', now()],
  ])('found at %s', async (foundAt, expected) => {
    await using api = await openApi({ now });
    await report(api, { source: 's', keys: [{ sha256: digest('k') }], found_at: foundAt });
    expect(api.appended('facts')).toMatchObject([{ foundAt: expected, at: now() }]);
  });

  it('is cleaned of what could play tricks on a terminal or a page', async () => {
    await using api = await openApi();
    await report(api, { source: 'a\u202eb\u001b[2J', keys: [{ sha256: digest('k') }], url: 'x\r\ny' });
    expect(api.appended('facts')).toMatchObject([{ source: 'ab[2J', url: 'xy' }]);
  });

  it('names a key once, however often it is in there', async () => {
    await using api = await openApi();
    const answer = await report(api, {
      source: 's',
      keys: [{ key: 'sk-0123456789' }, { sha256: digest('sk-0123456789') }],
    });
    expect(answer.json()).toEqual({ received: 2, skipped: 0 });
    expect(api.appended('facts')).toHaveLength(1);
  });

  it.each([
    ['no keys', { source: 's', keys: [] }],
    ['too many keys', { source: 's', keys: Array.from({ length: 10_001 }, () => ({ sha256: digest('k') })) }],
    ['a short key, which would be guessed from its digest', { source: 's', keys: [{ key: '1234567' }] }],
    ['half a digest', { source: 's', keys: [{ sha256: 'ab'.repeat(16) }] }],
    ['key and digest in one', { source: 's', keys: [{ sha256: digest('k'), key: 'sk-0123456789' }] }],
    ['no source', { keys: [{ sha256: digest('k') }] }],
    ['a time that is none', { source: 's', keys: [{ sha256: digest('k') }], found_at: 'yesterday' }],
  ])('with %s is refused', async (_story, payload) => {
    await using api = await openApi();
    expect((await report(api, payload)).statusCode).toBeGreaterThanOrEqual(400);
    expect(api.appended('facts')).toEqual([]);
  });

  it('takes 5,000 keys at once, which is what the command line sends', async () => {
    await using api = await openApi();
    const keys = Array.from({ length: 5_000 }, (_, index) => ({ sha256: digest(String(index)) }));
    expect((await report(api, { source: 's', keys })).statusCode).toBe(202);
    expect(api.appended('facts')).toHaveLength(5_000);
  });
});

describe('the answer to a report', () => {
  it('is the same for a known and an unknown key, and takes the same time', async () => {
    const known = digest('a key of ours');
    await using api = await openApi({
      describeKey: () => {
        throw new Error('Nobody may look whether a key is known.');
      },
    });
    const ask = async (sha256: string) => {
      const startedAt = performance.now();
      const { statusCode, body, headers } = await report(api, { source: 's', keys: [{ sha256 }] });
      return {
        ms: performance.now() - startedAt,
        answer: JSON.stringify([statusCode, body, Object.keys(headers)]),
      };
    };
    const times: Record<'known' | 'unknown', number[]> = { known: [], unknown: [] };
    const answers = new Set<string>();
    for (let round = 0; round < 600; round += 1) {
      // Taking turns, so that what the machine does meanwhile hits both alike.
      for (const which of ['known', 'unknown'] as const) {
        const { ms, answer } = await ask(which === 'known' ? known : digest(String(round)));
        times[which].push(ms);
        answers.add(answer);
      }
    }
    expect(answers.size).toBe(1);
    const median = (values: number[]) => values.sort((a, b) => a - b)[values.length / 2] ?? NaN;
    expect(Math.abs(median(times.known) - median(times.unknown))).toBeLessThan(1);
  });
});
