import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import { createAddressResolver } from '../../../services/gateways/client-address.ts';
import { createFormats } from '../../../services/gateways/registry.ts';
import { Explain } from '../../../services/replay/explain.ts';
import { readRecords } from '../../../services/replay/read-records.ts';
import { Secret } from '../../../services/secret.ts';
import { aLitellmRecord } from '../../support/litellm-records.ts';
import { lines, OTHER, quietDays, STOLEN, storyEnricher, theft } from '../../support/recorded-theft.ts';

async function explained(text: string, key?: string) {
  const format = createFormats({
    pepper: new Secret('pepper-of-the-tests'),
    resolveAddress: createAddressResolver([], false),
  }).get('litellm');
  if (format === undefined) throw new Error('There is no format litellm.');
  const said: string[] = [];
  const core = createCore({
    partition: 0,
    partitions: 1,
    learningMs: 7 * 86_400_000,
    maxKeys: 1_000,
    maxReadyKeys: 1_000,
  });
  const explain = new Explain({
    format,
    gateway: 'litellm',
    core,
    enricher: storyEnricher,
    key,
    print: (one) => said.push(one),
  });
  for await (const piece of readRecords([Buffer.from(text)] as unknown as AsyncIterable<Buffer>)) {
    explain.take(piece);
  }
  return { said, end: explain.finish() };
}

const quiet = lines(quietDays());
const stolen = lines(theft());

describe('explain', () => {
  it('says of each record whether it was parsed, what was looked up, and which signals it raised', async () => {
    const { said, end } = await explained(lines(quietDays().slice(0, 1)));
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^#1 parsed: 2026-09-21T09:00:00.000Z ok gpt-4o-mini, 51 tokens, \$0\.010000$/m);
    expect(said[0]).toContain(
      `key       ${STOLEN}, alias dana-laptop, team team-search, user dana, client openai-python 1`,
    );
    expect(said[0]).toContain('192.0.2.10 (trust direct): NO, AS2119 Network 2119 (isp, by test)');
    expect(said[0]).toContain('no signal');
    expect(end).toBe('1 records: 1 parsed, 0 dropped; 1 shown');
  });

  it('says of a dropped record why, by its number', async () => {
    const one = lines(quietDays().slice(0, 1));
    const { said, end } = await explained(`null\n${one}${one}{"id":\n`);
    expect(said.map((text) => text.split('.')[0])).toEqual([
      '#1 dropped: null_record',
      expect.stringContaining('#2 parsed'),
      '#3 dropped: duplicate',
      '#4 dropped: malformed_json',
    ]);
    expect(end).toBe(
      '4 records: 1 parsed, 3 dropped (null_record 1, duplicate 1, malformed_json 1); 1 shown',
    );
  });

  it('writes signals line by line, with bits that add up', async () => {
    const { said } = await explained(quiet + stolen);
    const signals = said.flatMap((text) => text.split('\n'));
    const heads = signals.filter((line) => line.startsWith('  signal'));
    expect(heads.length).toBeGreaterThan(0);
    const head = signals.findIndex((line) => line.startsWith('  signal    new-party'));
    const total = Number(/: ([\d.-]+) bits/.exec(signals[head] ?? '')?.[1]);
    const own: number[] = [];
    for (let at = head + 1; /^ {4}\s*-?\d/.test(signals[at] ?? ''); at += 1)
      own.push(Number.parseFloat(signals[at] ?? ''));
    expect(own.length).toBeGreaterThan(0);
    // Each is rounded to a tenth.
    expect(Math.abs(own.reduce((sum, bits) => sum + bits, 0) - total)).toBeLessThan(
      0.05 * (own.length + 1) + 0.01,
    );
  });

  it.each([OTHER, 'batch-prod'])('shows the calls of %s alone, and still learns from all', async (key) => {
    const { said, end } = await explained(quiet + stolen, key);
    expect(said).toHaveLength(320);
    expect(said.every((text) => text.includes(OTHER))).toBe(true);
    expect(end).toBe('760 records: 760 parsed, 0 dropped; 320 shown');
  });

  it('shows no credential and no prompt of the record', async () => {
    const record = aLitellmRecord({
      keyHash: 'sk-plaintext-key-of-somebody',
      prompt: 'the secret of the house',
    });
    const { said } = await explained(lines([record]));
    expect(said.join('\n')).toContain('foreign:');
    expect(said.join('\n')).not.toMatch(/plaintext|secret of the house/);
  });
});
