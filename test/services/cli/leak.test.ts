import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hashKeys } from '../../../services/cli/leak.ts';

const key = 'sk-invented-for-this-test-0001';
const sha256 = createHash('sha256').update(key).digest('hex');

describe('leak report', () => {
  it.each([
    { story: 'plain lines', text: `${key}\n\n` },
    { story: 'a gitleaks report', text: JSON.stringify([{ RuleID: 'generic', Secret: key, File: '.env' }]) },
    { story: 'trufflehog lines', text: `{"DetectorName":"LiteLLM","Verified":true,"Raw":"${key}"}\n` },
    { story: 'SHA-256 sums', text: sha256.toUpperCase() },
    { story: 'the same key twice', text: `${key}\n${key}` },
  ])('reads $story', ({ text }) => {
    expect(hashKeys(text)).toEqual([{ sha256 }]);
  });

  it('takes a redacted report for what it is: nothing to report', () => {
    expect(hashKeys(JSON.stringify([{ RuleID: 'generic', Secret: '' }]))).toEqual([]);
    expect(hashKeys('REDACTED')).toEqual([]);
  });

  it('passes nothing on but sums', () => {
    expect(JSON.stringify(hashKeys(key))).not.toContain('invented');
  });
});
