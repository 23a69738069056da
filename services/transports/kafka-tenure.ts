import type { Lane } from './kafka-lane.ts';

export interface KafkaTopic {
  /** As the rest of gatewatch calls it. */
  topic: string;
  /** Its full name. */
  topicName: string;
}

/** The time during which a partition is ours, in all topics. */
export interface Tenure {
  partition: number;
  topics: readonly KafkaTopic[];
  /** By full name of the topic; empty until it is known from where to read. */
  lanes: Map<string, Lane>;
  /** Aborted: nothing more is taken. */
  over: AbortController;
  /** Somebody else commits from now on. */
  hasMoved: boolean;
  /** The handler was asked where to start, and has to be told of the end. */
  isAssigned: boolean;
  opened: Promise<void>;
}

export function newTenure(partition: number, topics: readonly KafkaTopic[]): Tenure {
  return {
    partition,
    topics,
    lanes: new Map(),
    over: new AbortController(),
    hasMoved: false,
    isAssigned: false,
    opened: Promise.resolve(),
  };
}
