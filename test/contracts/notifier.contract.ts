import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../services/errors.ts';
import type { Notifier } from '../../services/notifiers/notifier.ts';
import {
  aDigest,
  aLine,
  aNotification,
  anIncidentSnapshot,
  HOSTILE_TEXTS,
} from '../support/notifications.ts';

/** What the receiver does with the next messages. `silent` takes the connection and never answers. */
export type Mood = 'takes' | 'busy' | 'refuses' | 'silent';

export interface Received {
  /** What the receiver would know a repeat by. */
  id: string;
  /** Everything a person or a program would read, decoded, headers too. */
  text: string;
}

/** A notifier and a real receiver on this machine. */
export interface NotifierRig {
  notifier: Notifier;
  /** Text that must never leave the notifier's settings. */
  secrets: readonly string[];
  received: readonly Received[];
  setMood(mood: Mood): void;
  stopReceiver(): Promise<void>;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;
// Tab and line feed are the receiver's own layout; everything else of these classes came through.
const UNSAFE = /[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\n\r\t])\p{Cc}/u;

async function errorOf(work: Promise<void>): Promise<AppError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error('expected an AppError', { cause: error });
  return error;
}

/** What every notifier keeps, whatever it talks to. */
export function describeNotifier(name: string, open: () => Promise<NotifierRig>): void {
  describe(`notifier ${name}`, () => {
    let rig: NotifierRig;
    beforeEach(async () => {
      rig = await open();
    });
    afterEach(() => rig.close());

    it('tells whose key it is, why, what it costs, what was done and where to look', async () => {
      await rig.notifier.send(aNotification(), NEVER);
      expect(rig.received).toHaveLength(1);
      const text = rig.received[0]?.text ?? '';
      for (const part of [
        'search-prod',
        'team-search',
        'reported as leaked',
        'First use from a hosting network.',
        'blocked at the gateway',
        'press Restore',
        'https://gatewatch.example.com/incidents/inc_0123456789abcdef',
        'Ask the owner',
        '17:5d41402abc4b2a76b9719d911017c592',
        '12.4',
        '744',
      ]) {
        expect(text).toContain(part);
      }
    });

    it('carries messages about gatewatch itself, which have no incident', async () => {
      await rig.notifier.send(
        aNotification({ transition: 'breaker', incident: undefined, subject: 'Automatic blocks stopped' }),
        NEVER,
      );
      expect(rig.received[0]?.text).toContain('Automatic blocks stopped');
    });

    it('carries a digest: how many messages it stands for, the worst of them, and where to look', async () => {
      await rig.notifier.send(aDigest(), NEVER);
      const text = rig.received[0]?.text ?? '';
      for (const part of [
        '37 more messages',
        '3 critical, 34 high',
        'Key “search-prod” looks stolen',
        'https://gatewatch.example.com',
        '17:5d41402abc4b2a76b9719d911017c592',
      ]) {
        expect(text).toContain(part);
      }
    });

    it('gives a repeated message the same id, and another message another', async () => {
      await rig.notifier.send(aNotification(), NEVER);
      await rig.notifier.send(aNotification(), NEVER);
      await rig.notifier.send(aNotification({ notificationId: 'ntf_other' }), NEVER);
      const [first, again, other] = rig.received.map(({ id }) => id);
      expect(again).toBe(first);
      expect(other).not.toBe(first);
    });

    it('says "try again" while the receiver is busy, and gets through afterwards', async () => {
      rig.setMood('busy');
      const error = await errorOf(rig.notifier.send(aNotification(), NEVER));
      expect(error.code).toBe('E_NOTIFIER_UNAVAILABLE');
      expect(error.mayRetry).toBe(true);
      rig.setMood('takes');
      await rig.notifier.send(aNotification(), NEVER);
      expect(rig.received).toHaveLength(1);
    });

    it('says "never" when the receiver refuses for good', async () => {
      rig.setMood('refuses');
      const error = await errorOf(rig.notifier.send(aNotification(), NEVER));
      expect(error.code).toBe('E_NOTIFIER_REFUSED');
      expect(error.mayRetry).toBe(false);
    });

    it('says "try again" when nobody listens', async () => {
      await rig.stopReceiver();
      expect((await errorOf(rig.notifier.send(aNotification(), NEVER))).code).toBe('E_NOTIFIER_UNAVAILABLE');
    });

    it('does not wait for ever for a receiver that says nothing', async () => {
      rig.setMood('silent');
      expect((await errorOf(rig.notifier.send(aNotification(), NEVER))).code).toBe('E_NOTIFIER_UNAVAILABLE');
    });

    it('stops waiting when it is told to', async () => {
      rig.setMood('silent');
      const stop = new AbortController();
      const sending = errorOf(rig.notifier.send(aNotification(), stop.signal));
      stop.abort();
      expect((await sending).code).toBe('E_NOTIFIER_UNAVAILABLE');
      expect(rig.received).toHaveLength(0);
    });

    it('sends nothing when it was told to stop before', async () => {
      expect((await errorOf(rig.notifier.send(aNotification(), AbortSignal.abort()))).mayRetry).toBe(true);
      expect(rig.received).toHaveLength(0);
    });

    it('ends what is under way when it is closed, may be closed twice, and sends nothing afterwards', async () => {
      rig.setMood('silent');
      const sending = errorOf(rig.notifier.send(aNotification(), NEVER));
      await rig.notifier.close();
      await rig.notifier.close();
      expect((await sending).code).toBe('E_NOTIFIER_UNAVAILABLE');
      rig.setMood('takes');
      expect((await errorOf(rig.notifier.send(aNotification(), NEVER))).code).toBe('E_NOTIFIER_UNAVAILABLE');
      expect(rig.received).toHaveLength(0);
    });

    it.each(['busy', 'refuses', 'silent'] as const)(
      'keeps its secrets out of the error when the receiver %s',
      async (mood) => {
        rig.setMood(mood);
        const error = await errorOf(rig.notifier.send(aNotification(), NEVER));
        const shown = JSON.stringify({
          message: error.message,
          details: error.details,
          cause: String(error.cause),
        });
        for (const secret of rig.secrets) expect(shown).not.toContain(secret);
      },
    );

    it.each(HOSTILE_TEXTS)('takes the sting out of $story in every field', async ({ text }) => {
      const incident = anIncidentSnapshot({
        keyAlias: text,
        title: text,
        team: text,
        user: text,
        gateway: text,
        evidence: anIncidentSnapshot().evidence.map((part) => ({
          ...part,
          lines: Array.from({ length: 40 }, () => aLine({ text, observed: text, normal: text })),
        })),
      });
      await rig.notifier.send(
        aNotification({
          incident,
          subject: text,
          summary: text,
          whatWasDone: text,
          runbook: text,
          auditAnchor: text,
        }),
        NEVER,
      );
      await rig.notifier.send(aDigest(text), NEVER);
      const received = rig.received.map((one) => one.text).join('\n');
      expect(received).not.toMatch(UNSAFE);
      expect(received).not.toMatch(/^(Bcc|Subject: all is well)/m);
      expect(received).not.toContain('://evil');
      expect(received.length).toBeLessThan(200_000);
    });
  });
}
