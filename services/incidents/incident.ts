import type { KeyId } from '../../detectors/event.ts';
import type { Certainty, Entity, Family, Kind, Line, Verdict } from '../../detectors/detector.ts';

export const SEVERITIES = ['info', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const STATUSES = ['open', 'acknowledged', 'resolved'] as const;
export type Status = (typeof STATUSES)[number];

export const CONTAINMENTS = [
  'none',
  'requested',
  'sent',
  'accepted',
  'verified',
  'failed',
  'restored',
  'simulated',
] as const;
export type Containment = (typeof CONTAINMENTS)[number];

/** Whose key a log or a gateway says it is. Empty in a log: it does not say. */
export interface Claims {
  keyAlias: string;
  team: string;
}

/** The newest finding of one detector and dedup key in an incident. */
export interface EvidencePart {
  detector: string;
  /** A function of detector, entity and dedup key: parts with the same id replace each other. */
  findingId: string;
  kind: Kind;
  ts: number;
  lines: readonly Line[];
  certainty: Certainty | undefined;
  indicators: readonly string[];
  events: number;
  usdLost: number;
  usdPerHour: number;
  /** It came within 15 minutes of its event and is no import: only such evidence may act. */
  isFresh: boolean;
  /** The key was in its learning time. */
  isLearning: boolean;
  /** Whose key the log said it is. Missing: it was kept by a version that did not keep this. */
  claims?: Claims;
}

export interface TimelineEntry {
  at: number;
  change: string;
  actor: string;
  note: string;
}

/** An incident as everybody outside `incidents/` sees it: plain data that survives JSON. Times are epoch
 *  milliseconds. `scoreBits` is the sum of the bits of all lines. */
export interface IncidentSnapshot {
  incidentId: string;
  version: number;
  entity: Entity;
  kind: Kind;
  severity: Severity;
  status: Status;
  containment: Containment;
  verdict: Verdict | '';
  title: string;
  scoreBits: number;
  families: readonly Family[];
  certainty: Certainty | undefined;
  gateway: string;
  keyId: KeyId | '';
  keyAlias: string;
  team: string;
  user: string;
  openedAt: number;
  updatedAt: number;
  closedAt: number | null;
  firstEventAt: number;
  lastEventAt: number;
  usdLost: number;
  usdPerHour: number;
  events: number;
  evidence: readonly EvidencePart[];
  timeline: readonly TimelineEntry[];
  /** Why the policy did what it did, and what the next level would have needed. */
  decision: { action: 'none' | 'notify' | 'ask' | 'block'; reason: string; nextLevel: string };
  actions: readonly ActionSnapshot[];
}

export interface ActionSnapshot {
  actionId: string;
  kind: 'block' | 'restore';
  state: 'requested' | 'sent' | 'accepted' | 'verified' | 'failed' | 'refused' | 'simulated';
  reason: string;
  actor: string;
  requestedAt: number;
  sentAt: number | null;
  verifiedAt: number | null;
}
