import { describe, expect, it, vi } from 'vitest';
import { Announcer } from '../../../services/detect/announcer.ts';
import type { Speaker } from '../../../services/detect/announcer.ts';
import type { OutRecord } from '../../../services/transports/transport.ts';
import { quietLog } from '../../support/quiet.ts';

function aSpeaker(partition: number) {
  const state = { hasToSay: true };
  const told: number[] = [];
  const asked: number[] = [];
  const speaker: Speaker = {
    passTime: () => Promise.resolve(),
    hasToSay: () => state.hasToSay,
    say: (maxNews) => {
      asked.push(maxNews);
      const news = { networks: [], probes: [] };
      const mark = { partition, watermark: 1, next: 1, openFrom: 0, isIdle: false, news };
      return { mark, wasTold: () => told.push(partition) };
    },
  };
  return { speaker, told, asked, state };
}

function anAnnouncer(partitions: number, speakers: Speaker[]) {
  const log = { records: [] as OutRecord[], isAway: false };
  const append = (_topic: string, records: readonly OutRecord[]) => {
    if (log.isAway) return Promise.reject(new Error('away'));
    log.records.push(...records);
    return Promise.resolve({ appended: records.length, duplicates: [] });
  };
  const announcer = new Announcer({ transport: { append }, partitions, held: () => speakers, log: quietLog });
  return { announcer, log };
}

describe('what partitions say of themselves', () => {
  it('goes to every partition in one record, and each has the same room for news', async () => {
    const [one, two] = [aSpeaker(0), aSpeaker(2)];
    const { announcer, log } = anAnnouncer(3, [one.speaker, two.speaker]);
    await announcer.announce();
    expect(log.records.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(JSON.parse(log.records[0]?.value ?? '')).toMatchObject({
      marks: [{ partition: 0 }, { partition: 2 }],
    });
    expect([...one.asked, ...two.asked]).toEqual([250, 250]);
  });

  it('is not told while the topic cannot be written, and is said again', async () => {
    const { speaker, told } = aSpeaker(0);
    const { announcer, log } = anAnnouncer(2, [speaker]);
    log.isAway = true;
    await expect(announcer.announce()).rejects.toThrow('away');
    expect(told).toEqual([]);
    log.isAway = false;
    await announcer.announce();
    expect(told).toEqual([0]);
  });

  it('is looked for every second, and told only when it is new', async () => {
    vi.useFakeTimers();
    const [one, two] = [aSpeaker(0), aSpeaker(1)];
    one.state.hasToSay = false;
    two.state.hasToSay = false;
    const { announcer, log } = anAnnouncer(2, [one.speaker, two.speaker]);
    announcer.start();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(log.records).toEqual([]);
    two.state.hasToSay = true;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(log.records).toHaveLength(2);
    announcer.close();
    vi.useRealTimers();
  });

  it('is nothing where there is nobody else', async () => {
    const { speaker, asked } = aSpeaker(0);
    const { announcer } = anAnnouncer(1, [speaker]);
    await announcer.announce();
    expect(asked).toEqual([]);
  });
});
