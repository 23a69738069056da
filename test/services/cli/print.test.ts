import { describe, expect, it } from 'vitest';
import { formatResult } from '../../../services/cli/print.ts';

const result = (value: unknown, type = 'String') => ({
  columns: [{ name: 'user_agent', type }],
  rows: [[value]],
  elapsedMs: 1,
  truncated: false,
});

describe('results of a query', () => {
  it('are a table with a line under the names', () => {
    expect(formatResult(result('curl/8'), 'table').split('\n')).toEqual([
      'user_agent',
      '──────────',
      'curl/8',
    ]);
  });

  it('cannot send escapes to the terminal', () => {
    expect(formatResult(result('\u001b[2Jgone'), 'table')).not.toContain('\u001b');
  });

  it.each(['=1+1', '+1', '-1', '@x'])('do not become a formula in a spreadsheet: %s', (text) => {
    expect(formatResult(result(text), 'csv')).toBe(`user_agent\n'${text}`);
  });

  it('keep negative numbers as numbers', () => {
    expect(formatResult(result(-1.5, 'Float64'), 'csv')).toBe('user_agent\n-1.5');
  });

  it('are one JSON object a line', () => {
    expect(formatResult(result('curl/8'), 'json')).toBe('{"user_agent":"curl/8"}');
  });
});
