import type { Event, KeyId } from '../detectors/event.ts';
import type { Fact, News, Rollup, Signal, Verdict } from '../detectors/detector.ts';

/** The topics and what their records are. `events` and `facts` go by key, `rollups` by team: detection reads them
 *  together, each partition number in one process. `findings`, `commands` and `facts` all go to the active responder. */
export interface TopicRecords {
  events: Event;
  rollups: Rollup | Marks;
  findings: Finding;
  commands: Command;
  facts: Fact;
  rejected: Rejected;
}
export type Topic = keyof TopicRecords;

/** How far one partition of `events` is. Times are event times, epoch milliseconds. */
export interface Mark {
  partition: number;
  /** Newest event judged. */
  watermark: number;
  /** The event that it would judge next, if it waits for others; else the watermark. */
  next: number;
  /** Its rollups of minutes before this one lie before this mark. */
  openFrom: number;
  /** Nothing is left to be judged. */
  isIdle: boolean;
  news: News;
}

/** What a process tells every partition about its own ones; lies in each partition of `rollups`. */
export interface Marks {
  marks: readonly Mark[];
}

/** Where the cells of an event's record begin to differ in meaning, this number goes up. */
const EVENT_RECORD = 1;
/** How each record of `events` ends. */
export const EVENT_RECORD_END = `,${EVENT_RECORD.toString()}]`;

/** A record of `events`: a JSON array, because the names of thirty fields cost more than their values. Its cells lie in
 *  the order of the columns of the table `events`, so that a row can be cut out of it (`detect/event-row.ts`). */
export function encodeEvent(event: Event): string {
  return JSON.stringify([
    event.ts,
    event.eventId,
    event.gateway,
    event.keyId,
    event.keyAlias,
    event.team,
    event.teamAlias,
    event.user,
    event.endUserHash,
    event.ip,
    event.ipTrust,
    event.client,
    event.clientMajor,
    event.userAgent,
    event.model,
    event.provider,
    event.callType,
    event.status,
    event.outcome,
    event.errorCode,
    event.promptTokens,
    event.completionTokens,
    event.cachedTokens,
    event.totalTokens,
    event.maxTokens,
    event.costUsd,
    event.durationMs,
    event.traceId,
    event.receivedAt,
    event.isImport ? 1 : 0,
    EVENT_RECORD,
  ] satisfies EventCells);
}

type EventCells = [
  ts: number,
  eventId: string,
  gateway: string,
  keyId: KeyId,
  keyAlias: string,
  team: string,
  teamAlias: string,
  user: string,
  endUserHash: string,
  ip: string,
  ipTrust: Event['ipTrust'],
  client: string,
  clientMajor: string,
  userAgent: string,
  model: string,
  provider: string,
  callType: string,
  status: Event['status'],
  outcome: Event['outcome'],
  errorCode: string,
  promptTokens: number,
  completionTokens: number,
  cachedTokens: number,
  totalTokens: number,
  maxTokens: number,
  costUsd: number,
  durationMs: number,
  traceId: string,
  receivedAt: number,
  isImport: 0 | 1,
  version: number,
];
const EVENT_CELLS = 31;

/** Undefined for what `encodeEvent` of this version did not write: damage, since ingest checked what it wrote. */
export function decodeEvent(value: string): Event | undefined {
  const cells = parseCells(value);
  if (cells === undefined) return undefined;
  return {
    eventId: cells[1],
    gateway: cells[2],
    ts: cells[0],
    durationMs: cells[26],
    receivedAt: cells[28],
    keyId: cells[3],
    keyAlias: cells[4],
    team: cells[5],
    teamAlias: cells[6],
    user: cells[7],
    endUserHash: cells[8],
    ip: cells[9],
    ipTrust: cells[10],
    client: cells[11],
    clientMajor: cells[12],
    userAgent: cells[13],
    model: cells[14],
    provider: cells[15],
    callType: cells[16],
    status: cells[17],
    outcome: cells[18],
    errorCode: cells[19],
    promptTokens: cells[20],
    completionTokens: cells[21],
    cachedTokens: cells[22],
    totalTokens: cells[23],
    maxTokens: cells[24],
    costUsd: cells[25],
    traceId: cells[27],
    isImport: cells[29] === 1,
  };
}

function parseCells(value: string): EventCells | undefined {
  if (!value.endsWith(EVENT_RECORD_END)) return undefined;
  try {
    const cells: unknown = JSON.parse(value);
    return Array.isArray(cells) && cells.length === EVENT_CELLS ? (cells as EventCells) : undefined;
  } catch {
    return undefined;
  }
}

/** Calls that ended longer ago than this when they arrived are judged, shown and learned from, but nobody acts on them. */
export const LATE_MS = 15 * 60_000;

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
