import type { EachBatchPayload, KafkaMessage } from 'kafkajs';
import { Position } from '../kafka/position.ts';

/** Where a member of a group stands in one partition of one topic. */
export class Lane {
  readonly topic: string;
  readonly topicName: string;
  readonly partition: number;
  /** The batch in hand. */
  running: Promise<void> = Promise.resolve();
  /** The batch in hand takes long, and the client was told to go on with others meanwhile. */
  isSlow = false;
  readonly #position: Position;
  /** What the group knows of it. */
  committed: number | undefined;

  constructor(at: { topic: string; topicName: string; partition: number; next: number }) {
    this.topic = at.topic;
    this.topicName = at.topicName;
    this.partition = at.partition;
    this.#position = new Position(at.next);
  }

  /** Offset of the next record not yet handled. */
  get next(): number {
    return this.#position.next;
  }

  moveTo(next: number): void {
    this.#position.next = next;
  }

  /** What the client is told. */
  seek(): { topic: string; partition: number; offset: string } {
    return { topic: this.topicName, partition: this.partition, offset: this.#position.seek() };
  }

  /** What is due; undefined when the client has to seek first. */
  due({ batch }: EachBatchPayload): KafkaMessage[] | undefined {
    return this.#position.due(batch);
  }
}
