import { describe, expect, it } from 'vitest';
import { createSessions } from '../../../services/auth/sessions.ts';
import type { Identity, Tokens } from '../../../services/auth/tokens.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

function open() {
  let clock = 1_790_000_000_000;
  const anna: Identity = { id: '1', name: 'anna', scope: 'triage', expiresAt: clock + 90 * 24 * HOUR_MS };
  const known = new Map([[anna.id, anna]]);
  const tokens: Pick<Tokens, 'find'> = { find: (id) => Promise.resolve(known.get(id)) };
  const sessions = createSessions({ tokens: tokens as Tokens, now: () => clock });
  return { anna, known, sessions, pass: (ms: number) => (clock += ms), now: () => clock };
}

describe('a session', () => {
  it('stands for the one who signed in', async () => {
    const { anna, sessions } = open();
    const { id } = sessions.open(anna);
    expect(await sessions.find(id)).toMatchObject({ name: 'anna', scope: 'triage' });
    expect(await sessions.find(`${id}x`)).toBeUndefined();
  });

  it('ends after 30 minutes without a request', async () => {
    const { anna, sessions, pass } = open();
    const { id } = sessions.open(anna);
    pass(30 * MINUTE_MS - 1);
    expect(await sessions.find(id)).toBeDefined();
    pass(30 * MINUTE_MS - 1);
    expect(await sessions.find(id)).toBeDefined();
    pass(30 * MINUTE_MS);
    expect(await sessions.find(id)).toBeUndefined();
  });

  it('ends after 12 hours, however busy', async () => {
    const { anna, sessions, pass } = open();
    const { id } = sessions.open(anna);
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      pass(20 * MINUTE_MS);
      expect(await sessions.find(id)).toBeDefined();
    }
    pass(20 * MINUTE_MS);
    expect(await sessions.find(id)).toBeUndefined();
  });

  it('ends with its token', async () => {
    const { anna, known, sessions } = open();
    const { id } = sessions.open(anna);
    known.clear();
    expect(await sessions.find(id)).toBeUndefined();
  });

  it('does not outlive its token', () => {
    const { anna, sessions, now } = open();
    const { session } = sessions.open({ ...anna, expiresAt: now() + HOUR_MS });
    expect(session.expiresAt).toBe(now() + HOUR_MS);
  });

  it('ends when it is closed', async () => {
    const { anna, sessions } = open();
    const { id } = sessions.open(anna);
    sessions.close(id);
    expect(await sessions.find(id)).toBeUndefined();
  });

  it('serves several requests at the same time', async () => {
    const { anna, sessions } = open();
    const { id } = sessions.open(anna);
    const found = await Promise.all([1, 2, 3, 4].map(() => sessions.find(id)));
    expect(found.every((one) => one?.name === 'anna')).toBe(true);
  });

  it('gives way to a thousand newer ones, the longest idle first', async () => {
    const { anna, sessions } = open();
    const first = sessions.open(anna).id;
    const second = sessions.open(anna).id;
    await sessions.find(first);
    for (let index = 0; index < 999; index += 1) sessions.open(anna);
    expect(await sessions.find(second)).toBeUndefined();
    expect(await sessions.find(first)).toBeDefined();
  });
});
