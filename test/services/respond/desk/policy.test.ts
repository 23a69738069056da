import { describe, expect, it } from 'vitest';
import { toPart } from '../../../../services/incidents/evidence.ts';
import { decide } from '../../../../services/respond/desk/policy.ts';
import type { Question, Standing } from '../../../../services/respond/desk/policy.ts';
import { THREE_FAMILIES, aCertainFinding, aFinding, aKeyId, line } from '../../../support/findings.ts';

const certain = [toPart(aCertainFinding(), true)];
const three = [toPart(aFinding({ lines: THREE_FAMILIES }), true)];
const two = [toPart(aFinding({ lines: [line('network', 9), line('client', 4)] }), true)];
const learning = [toPart(aFinding({ lines: THREE_FAMILIES, isLearning: true }), true)];
const weak = [
  toPart(
    aFinding({ lines: [line('network', 9, { isWeak: true }), line('client', 4), line('concurrency', 3)] }),
    true,
  ),
];
const small = [toPart(aFinding({ lines: [line('spend', 1), line('volume', 1), line('policy', 1)] }), true)];

const question = (changes: Partial<Question>): Question => ({
  severity: 'critical',
  keyId: aKeyId(),
  timeliness: 'fresh',
  parts: certain,
  forgiven: [],
  doubted: [],
  ...changes,
});
const standing = (changes: Partial<Standing>): Standing => ({
  mode: 'certain',
  isProtected: false,
  lastBlock: 'none',
  held: 'no',
  capReached: undefined,
  ...changes,
});

interface Row {
  story: string;
  asks?: Partial<Question>;
  stands?: Partial<Standing>;
  action: string;
  reason: string;
}

const enforce = { mode: 'enforce' } as const;

describe('the policy', () => {
  it.each<Row>([
    { story: 'blocks on certain evidence', action: 'block', reason: 'certain-evidence' },
    {
      story: 'blocks on certain evidence in mode enforce',
      stands: enforce,
      action: 'block',
      reason: 'certain-evidence',
    },
    {
      story: 'never acts in mode observe',
      stands: { mode: 'observe' },
      action: 'ask',
      reason: 'observe-mode',
    },
    {
      story: 'blocks on three families in mode enforce',
      asks: { parts: three },
      stands: enforce,
      action: 'block',
      reason: 'three-families',
    },
    {
      story: 'leaves three families to a person in mode certain',
      asks: { parts: three },
      action: 'ask',
      reason: 'needs-a-person',
    },
    {
      story: 'leaves two families to a person',
      asks: { parts: two, severity: 'high' },
      stands: enforce,
      action: 'ask',
      reason: 'needs-more-evidence',
    },
    {
      story: 'does not count a family that rests on a forgeable address',
      asks: { parts: weak },
      stands: enforce,
      action: 'ask',
      reason: 'needs-more-evidence',
    },
    {
      story: 'does not take three oddities for three families',
      asks: { parts: small },
      stands: enforce,
      action: 'ask',
      reason: 'needs-more-evidence',
    },
    {
      story: 'does not block on behaviour while a key is learned',
      asks: { parts: learning },
      stands: enforce,
      action: 'ask',
      reason: 'learning',
    },
    {
      story: 'blocks on certain evidence while a key is learned',
      asks: { parts: [...learning, ...certain] },
      stands: enforce,
      action: 'block',
      reason: 'certain-evidence',
    },
    {
      story: 'does not block on evidence that the gateway contradicts',
      asks: { parts: two, doubted: certain },
      action: 'ask',
      reason: 'log-integrity',
    },
    {
      story: 'says what is missing when doubted evidence would not help either',
      asks: { parts: [], doubted: two },
      action: 'ask',
      reason: 'needs-more-evidence',
    },
    {
      story: 'does not ask the gateway again at once',
      stands: { lastBlock: 'doubted' },
      action: 'ask',
      reason: 'log-integrity',
    },
    {
      story: 'only tells about medium severity',
      asks: { parts: two, severity: 'medium' },
      stands: enforce,
      action: 'notify',
      reason: 'needs-more-evidence',
    },
    {
      story: 'keeps quiet about low severity',
      asks: { parts: two, severity: 'low' },
      stands: enforce,
      action: 'none',
      reason: 'too-weak',
    },
    { story: 'keeps quiet about imports', asks: { timeliness: 'import' }, action: 'none', reason: 'import' },
    { story: 'keeps quiet about old news', asks: { timeliness: 'late' }, action: 'none', reason: 'too-old' },
    {
      story: 'has nothing to block for a team',
      asks: { keyId: '' },
      action: 'notify',
      reason: 'not-one-key',
    },
    {
      story: 'never blocks the master key',
      asks: { keyId: 'litellm_proxy_master_key' },
      action: 'notify',
      reason: 'never-list',
    },
    {
      story: 'never blocks a foreign credential',
      asks: { keyId: 'foreign:0123456789abcdef' },
      action: 'notify',
      reason: 'never-list',
    },
    {
      story: 'does not block twice',
      stands: { lastBlock: 'open' },
      action: 'none',
      reason: 'blocked-already',
    },
    {
      story: 'does not repeat a block that failed',
      stands: { lastBlock: 'failed' },
      action: 'ask',
      reason: 'block-failed',
    },
    {
      story: 'may block again after a restore',
      stands: { lastBlock: 'restored' },
      action: 'block',
      reason: 'certain-evidence',
    },
    {
      story: 'leaves protected keys to a person',
      stands: { isProtected: true },
      action: 'ask',
      reason: 'protected',
    },
    {
      story: 'leaves everything to a person while frozen',
      stands: { held: 'frozen' },
      action: 'ask',
      reason: 'frozen',
    },
    {
      story: 'leaves everything to a person behind the breaker',
      stands: { held: 'breaker' },
      action: 'ask',
      reason: 'breaker',
    },
    {
      story: 'leaves what is over the cap to a person',
      stands: { capReached: 'caps-hour' },
      action: 'ask',
      reason: 'caps-hour',
    },
    {
      story: 'does not act on what a person forgave',
      asks: { parts: [], forgiven: certain },
      action: 'notify',
      reason: 'forgiven',
    },
    {
      story: 'does not ask about what a person denied',
      asks: { parts: [], forgiven: two },
      action: 'notify',
      reason: 'forgiven',
    },
    {
      story: 'acts on new evidence beside what was forgiven',
      asks: { parts: certain, forgiven: three },
      action: 'block',
      reason: 'certain-evidence',
    },
    {
      story: 'does not make up three families from forgiven ones',
      asks: { parts: two, forgiven: three },
      stands: enforce,
      action: 'notify',
      reason: 'forgiven',
    },
  ])('$story', ({ asks = {}, stands = {}, action, reason }) => {
    expect(decide(question(asks), standing(stands))).toMatchObject({ action, reason });
  });

  it('says what the next level would have needed', () => {
    const decision = decide(question({ parts: two, severity: 'high' }), standing({}));
    expect(decision.nextLevel).toContain('3 independent families');
    expect(decide(question({}), standing({ capReached: 'caps-fleet' })).nextLevel).toContain('all keys');
  });
});
