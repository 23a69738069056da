import { describe, expect, it } from 'vitest';
import { count, countryName, duration, listed, money } from '../../../detectors/lib/words.ts';

describe('words for people', () => {
  it.each([
    [money(0), '$0.00'],
    [money(0.004), 'less than $0.01'],
    [money(12.345), '$12.35'],
    [count(1, 'call'), '1 call'],
    [count(2, 'country', 'countries'), '2 countries'],
    [duration(59_000), '59 seconds'],
    [duration(60_000), '1 minute'],
    [duration(119 * 60_000), '119 minutes'],
    [duration(2 * 3_600_000), '2 hours'],
    [duration(3 * 86_400_000), '3 days'],
    [listed([]), 'none'],
    [listed(['a', 'b', 'c']), 'a, b, c'],
    [listed(['a', 'b', 'c', 'd', 'e']), 'a, b, c and 2 more'],
    [countryName('KZ'), 'Kazakhstan'],
    [countryName(''), 'an unknown country'],
  ])('%s', (said, expected) => {
    expect(said).toBe(expected);
  });
});
