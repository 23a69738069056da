import { pino } from 'pino';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Severity } from '../../../../services/incidents/incident.ts';
import { createMetrics } from '../../../../services/metrics.ts';
import type { Notification } from '../../../../services/notifiers/notifier.ts';
import { Journal } from '../../../../services/respond/outboxes/journal.ts';
import { MessageQueue } from '../../../../services/respond/outboxes/message-queue.ts';
import { NOW } from '../../../support/findings.ts';
import { MemoryCheckpoints } from '../../../support/memory-checkpoints.ts';
import { MemoryNotifier } from '../../../support/memory-notifier.ts';
import { aNotification, anIncidentSnapshot } from '../../../support/notifications.ts';

const log = pino({ level: 'silent' });
const MINUTE_MS = 60_000;
const until = (look: () => void | Promise<void>) => vi.waitFor(look, { timeout: 8_000, interval: 10 });

let time: number;
let notifier: MemoryNotifier;
let checkpoints: MemoryCheckpoints;
let metrics: ReturnType<typeof createMetrics>;
beforeEach(() => {
  time = NOW;
  notifier = new MemoryNotifier('mail');
  checkpoints = new MemoryCheckpoints();
  metrics = createMetrics();
});

async function aQueue() {
  const journal = new Journal({ checkpoints, log, onLost: () => undefined });
  const entries = await journal.open();
  const publicUrl = 'https://gatewatch.example.com';
  const queue = new MessageQueue({
    notifier,
    journal,
    log,
    metrics,
    publicUrl,
    now: () => time,
    maySend: () => true,
  });
  queue.open(entries);
  const close = async () => {
    await queue.close();
    await journal.close();
  };
  return { queue, close };
}

const about = (id: string, severity: Severity = 'high', changes: Partial<Notification> = {}) =>
  aNotification({
    notificationId: `ntf_${id}`,
    at: time,
    incident: anIncidentSnapshot({ incidentId: `inc_${id}`, severity }),
    subject: `[${severity}] Key ${id}`,
    ...changes,
  });
const flood = (queue: MessageQueue, count: number, severity: Severity = 'high', name: string = severity) => {
  for (let index = 0; index < count; index += 1) queue.add(about(`${name}${index}`, severity));
};
const singles = () => notifier.sent.filter(({ transition }) => transition !== 'digest');
const digests = () => notifier.sent.filter(({ transition }) => transition === 'digest');

async function counted(): Promise<Record<string, number>> {
  const { values } = await metrics.notifications.get();
  return Object.fromEntries(values.map(({ labels, value }) => [String(labels.result), value]));
}

describe('in a flood of messages', () => {
  it('twenty go alone, and one digest ten minutes later tells how many there were and names the worst', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 50);
    flood(queue, 7, 'medium');
    await until(() => expect(singles()).toHaveLength(20));
    time += 9 * MINUTE_MS;
    queue.add(about('late', 'medium'));
    await until(() => expect(notifier.sent).toHaveLength(20));
    time += MINUTE_MS;
    await until(() => expect(digests()).toHaveLength(1));
    expect(singles()).toHaveLength(20);
    const [digest] = digests();
    expect(digest?.subject).toBe('38 more messages about incidents since 10:15 UTC: 30 high, 8 medium');
    expect(digest?.link).toBe('https://gatewatch.example.com');
    expect(digest?.digest?.worst).toHaveLength(10);
    expect(digest?.digest?.worst[0]).toEqual({ severity: 'high', subject: '[high] Key high20' });
    expect(await counted()).toEqual({ sent: 21, digested: 38 });
    await close();
  });

  it('the next ones go alone again, within the same bounds', async () => {
    const { queue, close } = await aQueue();
    for (let round = 0; round < 3; round += 1) {
      flood(queue, 100, 'high', `round${round}-`);
      await until(() => expect(singles()).toHaveLength(20 * (round + 1)));
      time += 10 * MINUTE_MS;
      await until(() => expect(digests()).toHaveLength(round + 1));
    }
    expect(await counted()).toEqual({ sent: 63, digested: 240 });
    await close();
  });

  it('critical ones come first, and go alone as soon as the window lets them', async () => {
    notifier.mood = 'away';
    const { queue, close } = await aQueue();
    flood(queue, 30);
    flood(queue, 15, 'critical');
    notifier.mood = 'takes';
    await until(() => expect(singles()).toHaveLength(20));
    const severities = singles().map(({ incident }) => incident?.severity);
    expect(severities.filter((one) => one === 'critical')).toHaveLength(15);
    // One was tried before the critical ones were there.
    expect(severities.slice(0, 15).every((one) => one === 'critical')).toBe(true);
    await close();
  });

  it('a critical one on top goes alone when the window opens, beside the digest', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 30);
    await until(() => expect(singles()).toHaveLength(20));
    queue.add(about('worst', 'critical'));
    time += 10 * MINUTE_MS;
    await until(() => expect(notifier.sent).toHaveLength(22));
    expect(notifier.sent[20]?.notificationId).toBe('ntf_worst');
    expect(digests()[0]?.digest?.messages).toBe(10);
    await close();
  });

  it('critical ones beyond the window are in the digest, at its head', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 60, 'critical');
    await until(() => expect(singles()).toHaveLength(20));
    flood(queue, 5);
    time += 10 * MINUTE_MS;
    await until(() => expect(notifier.sent).toHaveLength(41));
    expect(digests()[0]?.subject).toContain(
      '25 more messages about incidents since 10:15 UTC: 20 critical, 5 high',
    );
    expect(digests()[0]?.digest?.worst.every(({ severity }) => severity === 'critical')).toBe(true);
    await close();
  });

  it('one alone on top is sent itself, because a digest of one would only say less', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 21);
    await until(() => expect(singles()).toHaveLength(20));
    time += 10 * MINUTE_MS;
    await until(() => expect(singles()).toHaveLength(21));
    expect(digests()).toEqual([]);
    await close();
  });

  it('messages about gatewatch itself are never part of a digest', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 40);
    await until(() => expect(singles()).toHaveLength(20));
    queue.add(about('page', 'high', { incident: undefined, transition: 'caps-reached' }));
    time += 10 * MINUTE_MS;
    await until(() => expect(notifier.sent).toHaveLength(22));
    expect(notifier.transitions().slice(20).sort()).toEqual(['caps-reached', 'digest']);
    await close();
  });

  it('a restart neither sends twice nor opens the window anew, and what waits is told', async () => {
    const first = await aQueue();
    flood(first.queue, 45);
    await until(() => expect(singles()).toHaveLength(20));
    await first.close();
    const second = await aQueue();
    flood(second.queue, 3, 'medium');
    time += 5 * MINUTE_MS;
    await second.close();
    expect(notifier.sent).toHaveLength(20);
    time += 5 * MINUTE_MS;
    const third = await aQueue();
    await until(() => expect(digests()).toHaveLength(1));
    expect(singles()).toHaveLength(20);
    expect(digests()[0]?.digest?.messages).toBe(28);
    const ids = notifier.sent.map(({ notificationId }) => notificationId);
    expect(new Set(ids).size).toBe(ids.length);
    await third.close();
  });

  it('a digest that cannot be delivered keeps its id over a restart, and the next one waits for it', async () => {
    const first = await aQueue();
    flood(first.queue, 30);
    await until(() => expect(singles()).toHaveLength(20));
    notifier.mood = 'away';
    const send = vi.spyOn(notifier, 'send');
    time += 10 * MINUTE_MS;
    await until(() => expect(send).toHaveBeenCalled());
    const tried = send.mock.calls[0]?.[0].notificationId;
    await first.close();
    notifier.mood = 'takes';
    const second = await aQueue();
    await until(() => expect(digests().map(({ notificationId }) => notificationId)).toEqual([tried]));
    await second.close();
  });

  it('a digest carries the newest anchor of the audit chain, in whatever order it was gathered', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 21);
    await until(() => expect(singles()).toHaveLength(20));
    queue.add(about('first', 'high', { auditAnchor: '9:aa' }));
    for (let index = 0; index < 21; index += 1)
      queue.add(about(`critical${index}`, 'critical', { auditAnchor: `${100 + index}:bb` }));
    queue.add(about('last', 'medium', { auditAnchor: '121:cc' }));
    queue.add(about('worst', 'critical', { auditAnchor: '122:dd' }));
    time += 10 * MINUTE_MS;
    await until(() => expect(digests()).toHaveLength(1));
    expect(digests()[0]?.auditAnchor).toBe('122:dd');
    await close();
  });

  it('a clock that is set back does not keep what waits', async () => {
    const { queue, close } = await aQueue();
    flood(queue, 25);
    await until(() => expect(singles()).toHaveLength(20));
    time -= 24 * 60 * MINUTE_MS;
    queue.add(about('later', 'medium'));
    await until(() => expect(notifier.sent.length).toBeGreaterThan(20));
    await until(() => expect(queue.health().waiting).toBe(0));
    await close();
  });

  it('of thousands, while nobody takes them, all are counted and few are kept', async () => {
    notifier.mood = 'away';
    const { queue, close } = await aQueue();
    flood(queue, 3_000, 'medium');
    flood(queue, 5, 'critical');
    expect(queue.health().waiting).toBeLessThanOrEqual(1_000);
    notifier.mood = 'takes';
    time += 10 * MINUTE_MS;
    await until(() => expect(digests()).toHaveLength(1));
    await until(() => expect(singles().map(({ incident }) => incident?.severity)).toContain('critical'));
    const told = () =>
      singles().length + digests().reduce((sum, one) => sum + (one.digest?.messages ?? 0), 0);
    await until(() => expect(told() + queue.health().waiting).toBe(3_005));
    await close();
  }, 20_000);
});
