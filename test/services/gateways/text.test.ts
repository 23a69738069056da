import { describe, expect, it } from 'vitest';
import { clean } from '../../../services/gateways/clean-text.ts';
import { TextTable } from '../../../services/gateways/text-table.ts';
import { createClientReader } from '../../../services/gateways/user-agent.ts';
import { JsonBytes } from '../../../services/json-scan.ts';

describe('clean', () => {
  it.each([
    ['a\u0000b\u001b[31mc\u007fd\u0085e', 'ab[31mcde'],
    ['line\nbreak\r\ttab', 'linebreaktab'],
    ['\u202eevil\u202c \u2066x\u2069 \u200fy\u061cz', 'evil x yz'],
    ['zero\u200bwidth\ufeff\u00ad\u2060', 'zerowidth'],
    ['\ud800 alone', '\ufffd alone'],
    ['Grüße 検索 😀', 'Grüße 検索 😀'],
    ['<b onclick="x">', '<b onclick="x">'],
  ])('makes %j into %j', (text, cleaned) => {
    expect(clean(text)).toBe(cleaned);
  });

  it('cuts what is too long, without leaving half a character', () => {
    expect(clean('x'.repeat(300))).toHaveLength(256);
    expect(clean(`${'x'.repeat(255)}😀`)).toBe(`${'x'.repeat(255)}\ufffd`);
  });
});

describe('TextTable', () => {
  const table = new TextTable();
  const textOf = (json: string) => {
    const bytes = new JsonBytes(Buffer.from(json));
    return table.cleanAt(bytes, 0, bytes.length);
  };

  it('gives the cleaned text, the first time and every time', () => {
    const texts = [
      'a',
      'ab',
      'abc',
      'abcd',
      'abcde',
      'gpt-4o-mini',
      'ü',
      '\u202ex',
      'tab\t',
      'y'.repeat(94),
      'z'.repeat(500),
    ];
    for (let round = 0; round < 3; round += 1) {
      for (const text of texts) expect(textOf(JSON.stringify(text))).toBe(clean(text));
    }
  });

  it('does not take one text for another that has its place', () => {
    for (let index = 0; index < 60_000; index += 1) {
      const text = `key-${index.toString()}`;
      expect(textOf(`"${text}"`)).toBe(text);
    }
  });

  it('has no text for anything but text', () => {
    for (const other of ['1', 'null', 'true', '{}', '[]', '""']) expect(textOf(other)).toBe('');
    expect(table.cleanAt(new JsonBytes(Buffer.from('"x"')), 0, 0)).toBe('');
  });
});

describe('the calling program', () => {
  const read = createClientReader();

  it.each([
    ['OpenAI/Python 1.51.0', 'openai-python', '1'],
    ['AsyncOpenAI/Python 2.3.4', 'openai-python', '2'],
    ['Anthropic/JS 0.30.1', 'anthropic-js', '0'],
    ['claude-cli/2.0.14 (external, cli)', 'claude-cli', '2'],
    ['python-requests/2.31.0', 'python-requests', '2'],
    ['curl/8.5.0', 'curl', '8'],
    ['node', 'node', ''],
    ['Mozilla/5.0 (X11) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36', 'chrome', '126'],
    ['Mozilla/5.0 (X11) Chrome/126.0.0.0 Safari/537.36 Edg/125.0.1', 'edge', '125'],
    ['Mozilla/5.0 (compatible)', 'browser', '5'],
  ])('%s is %s %s', (userAgent, family, major) => {
    expect(read(userAgent)).toEqual({ family, major });
    expect(read(userAgent)).toEqual({ family, major });
  });

  it('gets a name of its own when nobody knows it, the same for all its versions', () => {
    const first = read('acme-agent/1.2 (linux)');
    expect(first).toEqual({ family: expect.stringMatching(/^other:[0-9a-f]{8}$/) as string, major: '1' });
    expect(read('acme-agent/2.0').family).toBe(first.family);
    expect(read('other-agent/2.0').family).not.toBe(first.family);
    expect(read('')).toEqual({ family: '', major: '' });
  });
});
