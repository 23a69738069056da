import type { Entity } from '../../detectors/detector.ts';
import type { IncidentSnapshot } from '../incidents/incident.ts';
import type { Digest, Notification } from './notifier.ts';
import { cleanText, dollars, inertText, utc } from './text.ts';

/** More lines than this nobody reads at night; the page has them all. */
const MAX_EVIDENCE = 12;

export interface Fact {
  label: string;
  value: string;
}

/** A notification as every channel tells it: clean, bounded text in the order people read it. */
export interface Message {
  subject: string;
  summary: string;
  facts: readonly Fact[];
  /** What the lines of `evidence` are. */
  evidenceTitle: string;
  evidence: readonly string[];
  /** Lines of evidence that are not in `evidence`. */
  moreEvidence: number;
  whatWasDone: string;
  link: string;
  runbook: string;
  auditAnchor: string;
}

export function renderMessage(notification: Notification): Message {
  const { incident, digest } = notification;
  return {
    subject: inertText(notification.subject, 200),
    summary: inertText(notification.summary, 1_000),
    facts: [
      { label: 'When', value: utc(notification.at) },
      ...(incident === undefined ? [] : factsOf(incident)),
    ],
    ...(digest === undefined ? evidenceOf(incident) : worstOf(digest)),
    whatWasDone: inertText(notification.whatWasDone, 1_000),
    link: isHttpUrl(notification.link) ? cleanText(notification.link, 500) : '',
    runbook: isHttpUrl(notification.runbook)
      ? cleanText(notification.runbook, 500)
      : inertText(notification.runbook, 1_000),
    auditAnchor: inertText(notification.auditAnchor, 200),
  };
}

type Evidence = Pick<Message, 'evidenceTitle' | 'evidence' | 'moreEvidence'>;

function evidenceOf(incident: IncidentSnapshot | undefined): Evidence {
  const lines = incident === undefined ? [] : evidenceLines(incident);
  const moreEvidence = Math.max(0, lines.length - MAX_EVIDENCE);
  return { evidenceTitle: 'Evidence', evidence: lines.slice(0, MAX_EVIDENCE), moreEvidence };
}

function worstOf({ worst, messages }: Digest): Evidence {
  const evidence = worst.map(({ subject }) => inertText(subject, 200));
  return { evidenceTitle: 'The worst of them', evidence, moreEvidence: messages - evidence.length };
}

export function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return (
    url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:') && !/[\s<>"]/.test(text)
  );
}

/** "+7.5 bits: first use from a hosting network (seen AS64500, normally AS64496)", heaviest first. */
function evidenceLines(incident: IncidentSnapshot): string[] {
  return incident.evidence
    .flatMap(({ lines }) => lines)
    .toSorted((a, b) => b.bits - a.bits)
    .map(({ bits, text, observed, normal }) => {
      const sign = bits < 0 ? '' : '+';
      const seen = observed === '' ? '' : ` (seen: ${inertText(observed, 100)}`;
      const usual = seen === '' ? '' : normal === '' ? ')' : `; normal: ${inertText(normal, 100)})`;
      return `${sign}${bits.toFixed(1)} bits: ${inertText(text, 300)}${seen}${usual}`;
    });
}

function factsOf(incident: IncidentSnapshot): Fact[] {
  const certainty = incident.certainty === undefined ? '' : `; certain: ${incident.certainty}`;
  const facts: Fact[] = [
    { label: 'Whose', value: ownerOf(incident) },
    { label: 'Gateway', value: inertText(incident.gateway, 100) },
    { label: 'Severity', value: `${incident.severity} (${incident.scoreBits.toFixed(1)} bits${certainty})` },
    { label: 'Cost', value: `${dollars(incident.usdLost)} so far, ${dollars(incident.usdPerHour)} per hour` },
    {
      label: 'Calls',
      value: `${incident.events}, from ${utc(incident.firstEventAt)} to ${utc(incident.lastEventAt)}`,
    },
    { label: 'Containment', value: incident.containment },
    { label: 'Incident', value: inertText(incident.incidentId, 100) },
  ];
  return facts.filter(({ value }) => value !== '');
}

function ownerOf({ entity, keyAlias, team, user }: IncidentSnapshot): string {
  const parts = [
    entityText(entity, keyAlias),
    team === '' || entity.type === 'team' ? '' : `team ${inertText(team, 100)}`,
    user === '' || entity.type === 'user' ? '' : `user ${inertText(user, 100)}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

function entityText(entity: Entity, keyAlias: string): string {
  switch (entity.type) {
    case 'key': {
      const id = inertText(entity.keyId, 100);
      return keyAlias === '' ? `key ${id}` : `key “${inertText(keyAlias, 100)}” (${id})`;
    }
    case 'team':
      return `team ${inertText(entity.team, 100)}`;
    case 'user':
      return `user ${inertText(entity.user, 100)}`;
  }
}
