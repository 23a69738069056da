import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import type { Fact } from '../../../../detectors/detector.ts';
import { createMetrics } from '../../../../services/metrics.ts';
import { FactOutbox } from '../../../../services/respond/outboxes/fact-outbox.ts';
import { Journal } from '../../../../services/respond/outboxes/journal.ts';
import { MessageQueue } from '../../../../services/respond/outboxes/message-queue.ts';
import { RowOutbox } from '../../../../services/respond/outboxes/row-outbox.ts';
import { changeRow, incidentRow } from '../../../../services/respond/desk/rows.ts';
import { NOW, aKeyId } from '../../../support/findings.ts';
import { MemoryCheckpoints } from '../../../support/memory-checkpoints.ts';
import { MemoryNotifier } from '../../../support/memory-notifier.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { MemoryTransport } from '../../../support/memory-transport.ts';
import { aNotification, anIncidentSnapshot } from '../../../support/notifications.ts';

const log = pino({ level: 'silent' });
const until = (look: () => void) => vi.waitFor(look, { timeout: 5_000, interval: 5 });

async function aJournal(checkpoints = new MemoryCheckpoints()) {
  const journal = new Journal({ checkpoints, log, onLost: () => undefined });
  return { journal, checkpoints, entries: await journal.open() };
}

describe('the journal', () => {
  it('brings back what was set together, with the offsets', async () => {
    const { journal, checkpoints } = await aJournal();
    journal.set('a', '1');
    journal.set('b', '2');
    journal.set('a', undefined);
    journal.setOffset('findings', 0, 7);
    await journal.saved();
    const again = await aJournal(checkpoints);
    expect([...again.entries]).toEqual([['b', '2']]);
    expect(again.journal.offset('findings', 0)).toBe(7);
    expect(again.journal.offset('commands', 0)).toBe(0);
  });

  it('loses nothing when a save fails, and does not say that it is saved', async () => {
    const { journal, checkpoints } = await aJournal();
    checkpoints.fail = true;
    journal.set('a', 'old');
    journal.set('b', '1');
    let isSaved = false;
    const saved = journal.saved().then(() => (isSaved = true));
    await until(() => expect(checkpoints.failures).toBeGreaterThan(0));
    journal.set('a', 'new');
    expect(isSaved).toBe(false);
    checkpoints.fail = false;
    await saved;
    await journal.close();
    expect(Object.fromEntries((await aJournal(checkpoints)).entries)).toEqual({ a: 'new', b: '1' });
  });

  it('saves what is left when it is closed', async () => {
    const { journal, checkpoints } = await aJournal();
    journal.set('a', '1');
    await journal.close();
    expect([...(await aJournal(checkpoints)).entries]).toEqual([['a', '1']]);
  });
});

describe('rows', () => {
  async function anOutbox(store = new MemoryStore(), checkpoints = new MemoryCheckpoints()) {
    const { journal, entries } = await aJournal(checkpoints);
    const outbox = new RowOutbox({ store, journal, log, metrics: createMetrics() });
    outbox.open(entries);
    return { outbox, store, checkpoints, journal };
  }
  const aChange = (change: string) =>
    changeRow(anIncidentSnapshot(), { at: NOW, change, actor: 'policy', note: '' });
  const changes = (store: MemoryStore) => store.rows('incident_changes').map((row) => row['change']);

  it('arrive in order, once, and soon', async () => {
    const { outbox, store } = await anOutbox();
    const names = Array.from({ length: 5_000 }, (_, index) => `c${index}`);
    const startedAt = performance.now();
    for (const name of names) outbox.add(aChange(name));
    await until(() => expect(changes(store)).toEqual(names));
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await outbox.close(1_000);
  });

  it('of one incident that wait together become the newest one', async () => {
    const { outbox, store } = await anOutbox();
    for (const version of [1, 2, 3]) outbox.add(incidentRow(anIncidentSnapshot({ version })));
    await until(() => expect(store.rows('incidents')).toMatchObject([{ version: 3 }]));
    await outbox.close(1_000);
  });

  it('are not sent before they are saved: a crash could make them anew', async () => {
    const { outbox, store, checkpoints, journal } = await anOutbox();
    checkpoints.fail = true;
    outbox.add(aChange('a'));
    const insert = vi.spyOn(store, 'insert');
    await outbox.close(300);
    expect(insert).not.toHaveBeenCalled();
    await journal.close();
  });

  it('that were sent without an answer are sent again under the same token, with nothing added', async () => {
    const first = await anOutbox();
    vi.spyOn(first.store, 'insert').mockImplementation(async (...args) => {
      await MemoryStore.prototype.insert.apply(first.store, args);
      return new Promise<void>(() => undefined);
    });
    first.outbox.add(aChange('a'));
    await until(() => expect(changes(first.store)).toEqual(['a']));
    first.outbox.add(aChange('b'));
    await first.journal.saved();
    vi.restoreAllMocks();
    const second = await anOutbox(first.store, first.checkpoints);
    await until(() => expect(changes(first.store)).toEqual(['a', 'b']));
    await second.outbox.close(1_000);
  });

  it('that the store does not take do not hold up the end, and go out after the next start', async () => {
    const { outbox, store, checkpoints, journal } = await anOutbox();
    store.isAway = true;
    const insert = vi.spyOn(store, 'insert');
    outbox.add(aChange('one'));
    await until(() => expect(insert).toHaveBeenCalled());
    await outbox.close(60_000);
    await journal.close();
    store.isAway = false;
    const again = await anOutbox(store, checkpoints);
    await until(() => expect(changes(store)).toEqual(['one']));
    await again.outbox.close(1_000);
  });

  it('of a new data folder are not taken for those of an old one', async () => {
    const { store, outbox } = await anOutbox();
    outbox.add(aChange('a'));
    await until(() => expect(changes(store)).toEqual(['a']));
    await outbox.close(1_000);
    const other = await anOutbox(store);
    other.outbox.add(aChange('b'));
    await until(() => expect(changes(store)).toEqual(['a', 'b']));
    await other.outbox.close(1_000);
  });
});

describe('messages', () => {
  async function aQueue(notifier = new MemoryNotifier(), { now = () => NOW, maySend = () => true } = {}) {
    const { journal, entries, checkpoints } = await aJournal();
    const queue = new MessageQueue({
      ...{ notifier, journal, log, metrics: createMetrics(), publicUrl: '', now },
      maySend,
    });
    queue.open(entries);
    return { queue, notifier, checkpoints };
  }
  const about = (incidentId: string, notificationId: string) =>
    aNotification({ notificationId, incident: anIncidentSnapshot({ incidentId }) });
  const ids = ({ sent }: MemoryNotifier) => sent.map(({ notificationId }) => notificationId);

  it('about other incidents do not wait for one that cannot be delivered, those about the same do', async () => {
    const notifier = new MemoryNotifier();
    const send = notifier.send.bind(notifier);
    let isBad = true;
    let time = NOW;
    vi.spyOn(notifier, 'send').mockImplementation((notification) => {
      notifier.mood = isBad && notification.notificationId === 'a1' ? 'away' : 'takes';
      return send(notification);
    });
    const { queue } = await aQueue(notifier, { now: () => time });
    for (const notice of [about('a', 'a1'), about('a', 'a2'), about('b', 'b1')]) queue.add(notice);
    await until(() => expect(ids(notifier)).toEqual(['b1']));
    isBad = false;
    time += 60_000;
    await until(() => expect(ids(notifier)).toEqual(['b1', 'a1', 'a2']));
    await queue.close();
  });

  it('that are added twice are one', async () => {
    const { queue, notifier } = await aQueue();
    queue.add(about('a', 'a1'));
    queue.add(about('a', 'a1'));
    queue.add(about('b', 'b1'));
    await until(() => expect(ids(notifier)).toEqual(['a1', 'b1']));
    await queue.close();
  });

  it('are given up after a day', async () => {
    let time = NOW;
    const notifier = new MemoryNotifier();
    notifier.mood = 'away';
    const { queue } = await aQueue(notifier, { now: () => (time += 13 * 3_600_000) });
    queue.add(about('a', 'a1'));
    await until(() => expect(notifier.attempts).toBeGreaterThan(0));
    notifier.mood = 'takes';
    queue.add(about('b', 'b1'));
    await until(() => expect(ids(notifier)).toContain('b1'));
    await queue.close();
    expect(ids(notifier)).not.toContain('a1');
  });
});

describe('facts', () => {
  it('wait for the log, in order, and are appended once', async () => {
    const transport = new MemoryTransport();
    const { journal, entries } = await aJournal();
    const append = vi.spyOn(transport, 'append').mockRejectedValueOnce(new Error('disk full'));
    const outbox = new FactOutbox({ transport, journal, log });
    outbox.open(entries);
    const revoked: Fact = { type: 'revoked', keyId: aKeyId(), at: NOW, incidentId: 'inc_1', by: 'policy' };
    const restored: Fact = {
      type: 'restored',
      keyId: aKeyId(),
      at: NOW + 1,
      incidentId: 'inc_1',
      graceUntil: NOW + 2,
    };
    outbox.add(revoked);
    outbox.add(restored);
    outbox.add(revoked);
    const facts = () => transport.log.records('facts', 0).map(({ value }) => JSON.parse(value) as Fact);
    await until(() => expect(append).toHaveBeenCalledTimes(4));
    expect(facts()).toEqual([revoked, restored]);
    await outbox.close();
  });
});
