import { describe, expect, it } from 'vitest';
import { openIncident } from '../../../services/incidents/lifecycle.ts';
import { summaryOf, titleOf } from '../../../services/incidents/sentences.ts';
import { NOW, aCertainFinding, aFinding, aKeyId, line } from '../../support/findings.ts';

const key = { type: 'key', keyId: aKeyId() } as const;

describe('what an incident says', () => {
  it.each([
    { title: titleOf(key, 'ci', 'leaked_key', 'canary-used'), says: 'Key “ci” is a canary and was used' },
    {
      title: titleOf(key, 'ci', 'leaked_key', 'leak-in-use'),
      says: 'Key “ci” was reported as leaked and is in use',
    },
    { title: titleOf(key, 'ci', 'geo', undefined), says: 'Key “ci” is used from an unusual place' },
    { title: titleOf(key, '', 'leaked_key', undefined), says: `Key ${aKeyId().slice(0, 12)}… looks stolen` },
    {
      title: titleOf({ type: 'team', team: 'search' }, '', 'spend', undefined),
      says: 'Team search spends unusually much',
    },
    {
      title: titleOf({ type: 'user', user: 'dana' }, '', 'spend', undefined),
      says: 'User dana spends unusually much',
    },
  ])('$says', ({ title, says }) => {
    expect(title).toBe(says);
  });

  it('tells the heaviest reasons, the calls and the money', () => {
    const lines = [
      line('hour', 1, { text: 'At night.' }),
      line('leak', 20, { text: 'A scanner reported it' }),
    ];
    const incident = openIncident(
      aCertainFinding({ lines, events: 31, usdLost: 12.4, usdPerHour: 744 }),
      NOW,
      true,
    );
    expect(summaryOf(incident)).toBe(
      'Key “search-prod” was reported as leaked and is in use. A scanner reported it. At night. 31 suspicious calls since ' +
        '2026-03-03 10:15 UTC. $12.40 lost so far, $744.00 per hour at the present rate.',
    );
  });

  it('says nothing about money where there is none', () => {
    expect(summaryOf(openIncident(aFinding(), NOW, true))).not.toContain('$');
  });
});
