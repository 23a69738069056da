import type { IHeaders, KafkaMessage, Message } from 'kafkajs';
import { partitionOf } from '../hash64.ts';
import type { InRecord, OutRecord } from './transport.ts';

/** Holds the id by which a repeat is recognised. */
const ID_HEADER = 'id';

const scratch = new Int32Array(2);

/** The partition is chosen here, not by the client: a key lies in the same one as in the embedded log. */
export function toMessage(
  { key, id, value, partition }: OutRecord,
  partitions: number,
  now: number,
): Message {
  return {
    key,
    value,
    partition: partition ?? partitionOf(key, partitions, scratch),
    timestamp: now.toString(),
    headers: { [ID_HEADER]: id },
  };
}

export function toRecord({ offset, key, value, timestamp, headers }: KafkaMessage): InRecord {
  const id = headers?.[ID_HEADER];
  return {
    offset: Number(offset),
    key: key?.toString() ?? '',
    value: value?.toString() ?? '',
    appendedAt: Number(timestamp),
    ...(id === undefined ? {} : { id: id.toString() }),
  };
}

export function idOf({ headers }: { headers?: IHeaders }): string {
  const id = headers?.[ID_HEADER];
  return id === undefined ? '' : id.toString();
}
