import type { Event, KeyId } from '../detectors/event.ts';
import type { Fact, Rollup, Signal, Verdict } from '../detectors/detector.ts';

/** The topics, who writes them and what their records are. `facts` goes to every detect process (each with a
 *  consumer group of its own); the others are shared out among the members of a group. */
export interface TopicRecords {
  events: Event;
  rollups: Rollup;
  findings: Finding;
  commands: Command;
  facts: Fact;
  rejected: Rejected;
}
export type Topic = keyof TopicRecords;

/** A signal on its way to respond. `findingId` is a function of detector, entity, dedup key and first event. */
export type Finding = Signal & {
  findingId: string;
  /** When the event that raised it was received: what response times are measured from. */
  receivedAt: number;
  isImport: boolean;
};

export const COMMAND_NAMES = [
  'acknowledge',
  'resolve',
  'reopen',
  'block',
  'restore',
  'approve',
  'deny',
] as const;
export type CommandName = (typeof COMMAND_NAMES)[number];

/** What a person (or the clock) asks of respond. */
export type Command =
  | {
      type: 'incident';
      commandId: string;
      at: number;
      incidentId: string;
      command: CommandName;
      verdict: Verdict | undefined;
      note: string;
      actor: string;
    }
  | { type: 'freeze'; commandId: string; at: number; on: boolean; actor: string }
  /** A success or a denial on a key that is being contained: the proof, or its opposite. */
  | {
      type: 'observed';
      commandId: string;
      at: number;
      keyId: KeyId;
      eventId: string;
      outcome: 'success' | 'denied';
      /** Start of the call: a stream that began before the block may end after it. */
      startedAt: number;
      endedAt: number;
    };

/** Something that could not be read. Never holds the body: only why, how large, and a digest to find it by. */
export interface Rejected {
  at: number;
  gateway: string;
  format: string;
  code: string;
  reason: string;
  index: number;
  sizeBytes: number;
  sha256: string;
}
