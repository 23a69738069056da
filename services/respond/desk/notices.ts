import { entityName, summaryOf } from '../../incidents/sentences.ts';
import type { IncidentSnapshot } from '../../incidents/incident.ts';
import type { Notification, Transition } from '../../notifiers/notifier.ts';
import { lastActionOf } from './dossier.ts';
import type { Reason } from './policy.ts';
import { runbookOf } from './runbooks.ts';

export type Notice = Omit<Notification, 'auditAnchor'>;

export interface NoticeOptions {
  transition: Transition;
  at: number;
  /** What tells this transition from another one of the same name: an action, a severity, a command. */
  of: string;
  publicUrl: string;
  /** Said instead of what the incident's state says. */
  whatWasDone?: string;
}

const SUBJECT: Record<Transition, (incident: IncidentSnapshot) => string> = {
  opened: ({ severity, title }) => `[${severity}] ${title}`,
  escalated: ({ severity, title }) => `[${severity}] Worse: ${title}`,
  contained: ({ severity, title }) => `[${severity}] Blocked: ${title}`,
  failed: ({ severity, title }) => `[${severity}] Not contained: ${title}`,
  restored: ({ entity, keyAlias }) => `Restored: ${entityName(entity, keyAlias)}`,
  resolved: ({ verdict, title }) => `Resolved (${verdict === '' ? 'unclear' : verdict}): ${title}`,
};

/** The message of one transition. Its id is a function of incident and transition, so a repeat is the same message. */
export function noticeOf(incident: IncidentSnapshot, options: NoticeOptions): Notice {
  const { transition, at, of, publicUrl, whatWasDone } = options;
  return {
    notificationId: `ntf_${incident.incidentId.replace(/^inc_/, '')}_${transition}_${of}`,
    transition,
    at,
    incident,
    subject: SUBJECT[transition](incident),
    summary: summaryOf(incident),
    whatWasDone: whatWasDone ?? whatWasDoneAbout(incident),
    link: incidentLink(publicUrl, incident.incidentId),
    runbook: runbookOf(incident),
  };
}

function incidentLink(publicUrl: string, incidentId: string): string {
  return `${publicUrl.replace(/\/$/, '')}/#/incidents/${incidentId}`;
}

/** What the machine did, why, and how a person undoes or does it. */
function whatWasDoneAbout(incident: IncidentSnapshot): string {
  const { containment, decision, status } = incident;
  switch (containment) {
    case 'requested':
    case 'sent':
      return 'The key is being blocked at the gateway; another message says how that went.';
    case 'accepted':
      return `The key is blocked at the gateway, and read back. ${whoBlocked(incident)} The proof in the traffic follows on the page. ${UNDO}`;
    case 'verified':
      return `The key is blocked, and the traffic proves it. ${whoBlocked(incident)} ${UNDO}`;
    case 'failed':
      return 'The key is NOT out of service. Open the incident and press Block, or block it by hand at the gateway.';
    case 'restored':
      return 'The key works again. The same evidence does not block it during the grace time.';
    case 'simulated':
      return 'A recorded log was replayed: the key would have been blocked.';
    case 'none':
      return status === 'resolved' ? 'Nothing was blocked.' : whyNothing(decision);
  }
}

const UNDO = 'To undo it, open the incident and press Restore.';
const GROUNDS: Partial<Record<string, string>> = {
  'certain-evidence': ': the evidence is certain',
  'three-families': ': three independent families of evidence agree',
} satisfies Partial<Record<Reason, string>>;

function whoBlocked(incident: IncidentSnapshot): string {
  const { actor = 'a person', reason = '' } = lastActionOf(incident, 'block') ?? {};
  return actor === 'policy'
    ? `It was decided automatically${GROUNDS[reason] ?? ''}.`
    : `It was asked for by ${actor}.`;
}

function whyNothing({ action, nextLevel }: IncidentSnapshot['decision']): string {
  const need = nextLevel === '' ? '' : ` For more it would have needed: ${nextLevel}`;
  return action === 'ask'
    ? `Nothing was blocked yet: it waits for a person. Open the incident and press Approve to block the key, or Deny.${need}`
    : `Nothing was blocked.${need}`;
}

export interface HoldOptions {
  at: number;
  reason: Reason;
  publicUrl: string;
  /** Incidents that wait. */
  waiting: number;
  what: string;
}

/** The one page for many incidents that all wait for a person. */
export function holdNotice({ at, reason, publicUrl, waiting, what }: HoldOptions): Notice {
  const isBreaker = reason === 'breaker';
  return {
    notificationId: `ntf_${isBreaker ? 'breaker' : 'caps'}_${Math.round(at)}`,
    transition: isBreaker ? 'breaker' : 'caps-reached',
    at,
    incident: undefined,
    subject: isBreaker
      ? 'Automatic blocks have stopped: many keys met the same new network'
      : 'Automatic blocks have reached their cap',
    summary: `${what} ${waiting === 1 ? '1 incident waits' : `${waiting} incidents wait`} for a person, and so does every further one. They are on the page and are not told one by one.`,
    whatWasDone: isBreaker
      ? 'No key is blocked automatically until somebody resumes: gatewatch freeze off. People can block and restore as ever.'
      : 'Keys beyond the cap are not blocked automatically. Open the incidents and press Approve or Deny; a person’s block has no cap.',
    link: publicUrl,
    runbook:
      'Compare the waiting incidents. One network, client or country in all of them points at a change of yours: deny them. Otherwise approve them one by one.',
  };
}

export function freezeNotice(
  on: boolean,
  options: { at: number; actor: string; commandId: string; publicUrl: string },
): Notice {
  const { at, actor, commandId, publicUrl } = options;
  return {
    notificationId: `ntf_freeze_${commandId}`,
    transition: on ? 'frozen' : 'unfrozen',
    at,
    incident: undefined,
    subject: on ? 'Automatic actions are frozen' : 'Automatic actions are resumed',
    summary: `${actor} ${on ? 'stopped all automatic actions' : 'resumed automatic actions'}.`,
    whatWasDone: on
      ? 'Incidents wait for a person. Detection and messages go on. To resume: gatewatch freeze off.'
      : 'Keys are blocked automatically again, within mode and caps.',
    link: publicUrl,
    runbook: 'Nothing to do if you know why. Otherwise ask who did it: the audit log has the token.',
  };
}
