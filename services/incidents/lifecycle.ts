import type { Verdict } from '../../detectors/detector.ts';
import type { Finding } from '../topics.ts';
import { bitsOf, certaintyOf, familiesOf, kindOf, linesOf, mergePart, toPart } from './evidence.ts';
import type {
  ActionSnapshot,
  Claims,
  Containment,
  EvidencePart,
  IncidentSnapshot,
  TimelineEntry,
} from './incident.ts';
import { severityOf, worse } from './severity.ts';
import { titleOf } from './sentences.ts';

/** Entries of a timeline that are kept: how it began, and the newest. */
const FIRST_ENTRIES = 20;
const MAX_ENTRIES = 200;

/** What can happen to an incident. Times are epoch milliseconds. */
export type Change =
  /** `atGateway`: what the gateway said about the key, if it ever called the log wrong. */
  | { type: 'evidence'; at: number; finding: Finding; isFresh: boolean; atGateway?: Claims | undefined }
  | { type: 'acknowledge'; at: number; actor: string; note: string }
  | { type: 'resolve'; at: number; actor: string; note: string; verdict: Verdict }
  | { type: 'reopen'; at: number; actor: string; note: string }
  | { type: 'decide'; at: number; decision: IncidentSnapshot['decision'] }
  | {
      type: 'act';
      at: number;
      action: ActionSnapshot;
      containment: Containment;
      change: string;
      note: string;
    }
  | { type: 'worsen'; at: number; note: string; action: ActionSnapshot | undefined }
  | { type: 'note'; at: number; change: string; actor: string; note: string };

/** What a person's command cannot do in this state, or undefined when it can. */
export function refusalOf(
  incident: IncidentSnapshot,
  command: 'acknowledge' | 'resolve' | 'reopen',
): string | undefined {
  const { status } = incident;
  switch (command) {
    case 'acknowledge':
      return status === 'open'
        ? undefined
        : `The incident is ${status}; only an open one can be acknowledged.`;
    case 'resolve':
      return status === 'resolved' ? 'The incident is resolved already.' : undefined;
    case 'reopen':
      return status === 'resolved'
        ? undefined
        : `The incident is ${status}; only a resolved one can be reopened.`;
  }
}

/** The id is a function of what the incident is about: the finding that opened it, and when that was raised. */
export function openIncident(finding: Finding, at: number, isFresh: boolean): IncidentSnapshot {
  const { entity } = finding;
  const blank: IncidentSnapshot = {
    incidentId: `inc_${finding.findingId.replace(/^fnd_/, '')}${Math.round(finding.ts).toString(36)}`,
    version: 1,
    entity,
    kind: finding.kind,
    severity: 'info',
    status: 'open',
    containment: 'none',
    verdict: '',
    title: '',
    scoreBits: 0,
    families: [],
    certainty: undefined,
    gateway: finding.gateway,
    keyId: entity.type === 'key' ? entity.keyId : '',
    keyAlias: finding.keyAlias,
    team: finding.team,
    user: finding.user,
    openedAt: at,
    updatedAt: at,
    closedAt: null,
    firstEventAt: finding.firstEventAt,
    lastEventAt: finding.ts,
    usdLost: 0,
    usdPerHour: 0,
    events: 0,
    evidence: [],
    timeline: [],
    decision: { action: 'none', reason: '', nextLevel: '' },
    actions: [],
  };
  const opened = addEvidence(blank, finding, isFresh);
  return { ...opened, timeline: [{ at, change: 'opened', actor: 'policy', note: opened.title }] };
}

/** The life of an incident. People move its status; the machine moves its containment.
 *
 *  status        open ─acknowledge─▶ acknowledged ─resolve─▶ resolved
 *                open ─resolve─▶ resolved;  resolved ─reopen─▶ open;  any ─worsen─▶ open
 *
 *  containment   none ─▶ requested ─▶ sent ─▶ accepted ─▶ verified        none ─▶ simulated
 *                requested, sent ─▶ failed, or back to none when nothing was done
 *                accepted, verified ─worsen─▶ failed (the block does not work) ─▶ verified (it does now)
 *                accepted, verified, failed ─▶ restored ─▶ requested
 *
 *  A change that says nothing new, or that this state refuses, gives the same incident back: evidence may come twice,
 *  and a resolved incident stays as it is until somebody reopens it. */
export function transition(incident: IncidentSnapshot, change: Change): IncidentSnapshot {
  switch (change.type) {
    case 'evidence':
      return incident.status === 'resolved' ? incident : withEvidence(incident, change);
    case 'acknowledge':
    case 'resolve':
    case 'reopen':
      return refusalOf(incident, change.type) === undefined ? withPeople(incident, change) : incident;
    case 'decide':
      return withDecision(incident, change);
    case 'act':
      return withAction(incident, change);
    case 'worsen':
      return worsened(incident, change);
    case 'note':
      return touched(incident, change.at, change);
  }
}

function touched(
  incident: IncidentSnapshot,
  at: number,
  entry?: Omit<TimelineEntry, 'at'>,
): IncidentSnapshot {
  const next = { ...incident, version: incident.version + 1, updatedAt: Math.max(at, incident.updatedAt) };
  if (entry === undefined) return next;
  const { change, actor, note } = entry;
  return { ...next, timeline: shortened([...incident.timeline, { at, change, actor, note }]) };
}

function shortened(timeline: readonly TimelineEntry[]): readonly TimelineEntry[] {
  if (timeline.length <= MAX_ENTRIES) return timeline;
  return [...timeline.slice(0, FIRST_ENTRIES), ...timeline.slice(FIRST_ENTRIES - MAX_ENTRIES)];
}

function withEvidence(incident: IncidentSnapshot, change: Change & { type: 'evidence' }): IncidentSnapshot {
  const { at, finding, isFresh, atGateway } = change;
  const next = addEvidence(incident, finding, isFresh, atGateway);
  if (next === incident) return incident;
  const isNewStory = !incident.evidence.some(({ findingId }) => findingId === finding.findingId);
  if (next.severity !== incident.severity || next.kind !== incident.kind) {
    return touched(next, at, {
      change: 'escalated',
      actor: 'policy',
      note: `${next.title}: ${next.severity}`,
    });
  }
  const note = finding.lines[0]?.text ?? finding.detector;
  return touched(next, at, isNewStory ? { change: 'evidence', actor: finding.detector, note } : undefined);
}

/** Everything that follows from the evidence. Severity only rises while an incident lives, so that it is told once. */
function addEvidence(
  incident: IncidentSnapshot,
  finding: Finding,
  isFresh: boolean,
  atGateway?: Claims,
): IncidentSnapshot {
  const evidence = mergePart(incident.evidence, toPart(finding, isFresh), atGateway);
  if (evidence === incident.evidence) return incident;
  const kind = kindOf(evidence, incident.kind);
  const certainty = certaintyOf(evidence);
  const { keyAlias, team } = atGateway ?? newestClaims(incident, finding);
  return {
    ...incident,
    evidence,
    kind,
    certainty,
    keyAlias,
    title: titleOf(incident.entity, keyAlias, kind, certainty),
    severity: worse(severityOf(evidence), incident.severity),
    scoreBits: bitsOf(linesOf(evidence)),
    families: familiesOf(evidence),
    gateway: finding.gateway === '' ? incident.gateway : finding.gateway,
    team,
    user: finding.user === '' ? incident.user : finding.user,
    firstEventAt: Math.min(incident.firstEventAt, finding.firstEventAt),
    lastEventAt: Math.max(incident.lastEventAt, finding.ts),
    // Several detectors speak about the same calls: the largest, not the sum.
    ...largest(evidence),
  };
}

function newestClaims(incident: IncidentSnapshot, { keyAlias, team }: Finding): Claims {
  return {
    keyAlias: keyAlias === '' ? incident.keyAlias : keyAlias,
    team: team === '' ? incident.team : team,
  };
}

function largest(evidence: readonly EvidencePart[]) {
  return {
    usdLost: Math.max(...evidence.map(({ usdLost }) => usdLost)),
    usdPerHour: Math.max(...evidence.map(({ usdPerHour }) => usdPerHour)),
    events: Math.max(...evidence.map(({ events }) => events)),
  };
}

function withPeople(
  incident: IncidentSnapshot,
  change: Change & { type: 'acknowledge' | 'resolve' | 'reopen' },
): IncidentSnapshot {
  const { at, actor, note } = change;
  switch (change.type) {
    case 'acknowledge':
      return touched({ ...incident, status: 'acknowledged' }, at, { change: 'acknowledged', actor, note });
    case 'resolve': {
      const { verdict } = change;
      return touched({ ...incident, status: 'resolved', verdict, closedAt: at }, at, {
        change: 'resolved',
        actor,
        note,
      });
    }
    case 'reopen':
      return touched({ ...incident, status: 'open', verdict: '', closedAt: null }, at, {
        change: 'reopened',
        actor,
        note,
      });
  }
}

function withDecision(
  incident: IncidentSnapshot,
  { at, decision }: Change & { type: 'decide' },
): IncidentSnapshot {
  const { action, reason, nextLevel } = incident.decision;
  const isSame = action === decision.action && reason === decision.reason;
  if (isSame && nextLevel === decision.nextLevel) return incident;
  const entry = { change: `decided-${decision.action}`, actor: 'policy', note: decision.reason };
  return touched({ ...incident, decision }, at, isSame ? undefined : entry);
}

function withAction(incident: IncidentSnapshot, change: Change & { type: 'act' }): IncidentSnapshot {
  const { at, action, containment, note } = change;
  const next = { ...incident, containment, actions: withOne(incident.actions, action) };
  return touched(next, at, { change: change.change, actor: action.actor, note });
}

function withOne(actions: readonly ActionSnapshot[], action: ActionSnapshot): readonly ActionSnapshot[] {
  const index = actions.findIndex(({ actionId }) => actionId === action.actionId);
  return index === -1 ? [...actions, action] : actions.with(index, action);
}

/** The block does not work: whatever people had made of it, it is open and critical again. */
function worsened(
  incident: IncidentSnapshot,
  { at, note, action }: Change & { type: 'worsen' },
): IncidentSnapshot {
  const actions = action === undefined ? incident.actions : withOne(incident.actions, action);
  const open = {
    status: 'open',
    severity: 'critical',
    containment: 'failed',
    verdict: '',
    closedAt: null,
  } as const;
  return touched({ ...incident, ...open, actions }, at, {
    change: 'block-ineffective',
    actor: 'policy',
    note,
  });
}
