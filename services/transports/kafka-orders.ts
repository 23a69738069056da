import type { Consumer } from 'kafkajs';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Lane } from './kafka-lane.ts';

type Place = Pick<Lane, 'topicName' | 'partition'>;

/** What the client is told to read. Between a crash and its restart it takes no orders; when it joins again, every lane is
 *  put in step. */
export class Orders {
  readonly #consumer: Consumer;
  readonly #log: Log;
  readonly #group: string;

  constructor(consumer: Consumer, { log, group }: { log: Log; group: string }) {
    this.#consumer = consumer;
    this.#log = log;
    this.#group = group;
  }

  /** After joining, the client reads from where the group's commits stand. */
  putInStep(lanes: Iterable<Lane>): void {
    for (const lane of lanes) {
      if (lane.isSlow) this.pause([lane]);
      else this.seek(lane);
    }
  }

  seek(lane: Lane): void {
    const place = lane.seek();
    this.#unlessRestarting(() => {
      this.#consumer.seek(place);
    });
  }

  pause(places: Iterable<Place>): void {
    this.#unlessRestarting(() => {
      this.#consumer.pause([...places].map(toClient));
    });
  }

  /** What is in hand for long goes on by itself. */
  resume(lanes: Iterable<Lane>): void {
    const ready = [...lanes].filter(({ isSlow }) => !isSlow);
    this.#unlessRestarting(() => {
      this.#consumer.resume(ready.map(toClient));
    });
  }

  #unlessRestarting(order: () => void): void {
    try {
      order();
    } catch (error) {
      this.#log.debug({ group: this.#group, reason: messageOf(error) }, 'The client restarts.');
    }
  }
}

function toClient({ topicName, partition }: Place) {
  return { topic: topicName, partitions: [partition] };
}
