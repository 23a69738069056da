import type { KafkaMessage, Message } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import {
  entryMessages,
  FoundCheckpoint,
  manifestMessage,
} from '../../../services/checkpoints/kafka-checkpoint-messages.ts';

const LARGE = 'x'.repeat(400_000);
const LARGER = 'y'.repeat(600_000);

/** A save, as its messages lie in the topic. */
function saved(text: string): Message[] {
  return [
    ...entryMessages('detect/0', 'minutes', text),
    manifestMessage('detect/0', { savedAt: 1, offsets: {} }),
  ];
}

function found(messages: readonly Message[]): FoundCheckpoint {
  const checkpoint = new FoundCheckpoint('detect/0');
  for (const { key, value } of messages)
    checkpoint.take({ key: Buffer.from(key ?? ''), value } as unknown as KafkaMessage);
  return checkpoint;
}

describe('an entry in parts', () => {
  it('is whole again, and the newest one counts', () => {
    const checkpoint = found([...saved(LARGER), ...saved(LARGE)]);
    expect([checkpoint.isDamaged, checkpoint.entries.get('minutes') === LARGE]).toEqual([false, true]);
  });

  it('may have lost its parts to compaction, where those of a newer save follow', () => {
    const head = saved(LARGE).slice(-2);
    const checkpoint = found([...head, ...saved(LARGER)]);
    expect([checkpoint.isDamaged, checkpoint.entries.get('minutes') === LARGER]).toEqual([false, true]);
  });

  it('is damage where parts are missing and nothing follows', () => {
    expect(found(saved(LARGE).slice(1)).isDamaged).toBe(true);
    expect(found(saved(LARGE).slice(-2)).isDamaged).toBe(true);
  });
});
