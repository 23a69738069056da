import { describe, expect, it } from 'vitest';
import { parseClickHouseUrl } from '../../services/clickhouse-url.ts';
import { loadConfig } from '../../services/config.ts';

const address = (text: string) => {
  const parsed = parseClickHouseUrl(text);
  if ('wrong' in parsed) throw new Error(parsed.wrong);
  return { ...parsed, password: parsed.password.reveal() };
};

describe('the address of ClickHouse', () => {
  it.each([
    {
      text: 'http://ann:secret@ch.example.com:8123/audit',
      is: ['http://ch.example.com:8123', 'ann', 'secret', 'audit'],
    },
    { text: 'https://ch.example.com', is: ['https://ch.example.com', 'default', '', 'gatewatch'] },
    { text: 'http://ann@[2001:db8::1]:8123/', is: ['http://[2001:db8::1]:8123', 'ann', '', 'gatewatch'] },
    {
      text: 'https://a%40b:p%40ss%3A%2F%23%25@ch:8443/g_1/',
      is: ['https://ch:8443', 'a@b', 'p@ss:/#%', 'g_1'],
    },
  ])('$text', ({ text, is: [url, username, password, database] }) => {
    expect(address(text)).toEqual({ url, username, password, database });
  });

  it.each([
    { text: 'clickhouse://ch:9000', says: 'must be http(s)://' },
    { text: 'ch:8123', says: 'must be http(s)://' },
    { text: 'http:///db', says: 'must be http(s)://' },
    { text: 'http://ann:p%zz@ch:8123/db', says: 'written as %40' },
    { text: 'http://ann:topsecret@ch:9000/db', says: 'native protocol' },
    { text: 'https://ann:topsecret@ch:9440/db', says: 'native protocol' },
    { text: 'http://ann:topsecret@ch:8123/db?max_threads=1', says: 'without "?"' },
    { text: 'http://ann:topsecret@ch:8123/db#x', says: 'without "?"' },
    { text: 'http://ann:topsecret@ch:8123/a-b', says: 'letters, digits and _' },
    { text: 'http://ann:topsecret@ch:8123/a/b', says: 'letters, digits and _' },
    { text: 'http://ann:topsecret@ch:8123/default', says: 'a database of its own' },
    { text: 'http://ann:topsecret@ch:8123/SYSTEM', says: 'a database of its own' },
  ])('$text is refused: $says', ({ text, says }) => {
    const parsed = parseClickHouseUrl(text);
    expect(parsed).toMatchObject({ wrong: expect.stringContaining(says) as string });
    expect(JSON.stringify(parsed)).not.toContain('topsecret');
  });

  it('is never in the message of a wrong start, and masked in the settings', () => {
    const read = (url: string) => loadConfig({ GATEWATCH_CLICKHOUSE_URL: url });
    expect(() => read('http://ann:topsecret@ch:9000/db')).toThrow(/^(?!.*topsecret)/s);
    const config = read('http://ann:topsecret@ch:8123/db');
    expect(JSON.stringify(config)).not.toContain('topsecret');
    expect(config.clickhouse?.url.reveal()).toContain('topsecret');
  });
});
