import { describe, expect, it } from 'vitest';
import { troubleOf } from '../../../dashboards/web/src/frame/trouble.ts';

const well = { name: 'log', ready: true, reason: '' };
const quiet = { name: 'notify', ready: false, reason: 'Nobody is told.' };
const full = { name: 'disk', ready: false, reason: 'It is full.' };

describe('the health line of the page', () => {
  it.each([
    { story: 'all parts are well', ready: true, parts: [well], says: undefined },
    {
      story: 'messages do not get out',
      ready: true,
      parts: [well, quiet],
      says: { level: 'warn', text: 'In trouble: notify (Nobody is told.)' },
    },
    {
      story: 'it is not ready',
      ready: false,
      parts: [full, quiet],
      says: { level: 'bad', text: 'Not ready: disk (It is full.), notify (Nobody is told.)' },
    },
  ])('when $story', ({ ready, parts, says }) => {
    expect(troubleOf({ ready, parts })).toEqual(says);
  });
});
