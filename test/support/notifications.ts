import type { KeyId } from '../../detectors/event.ts';
import type { Line } from '../../detectors/detector.ts';
import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import type { Notification } from '../../services/notifiers/notifier.ts';

const AT = Date.UTC(2026, 2, 3, 10, 15);

export function aLine(changes: Partial<Line> = {}): Line {
  return {
    family: 'network',
    feature: 'new-network',
    observed: 'AS64500 Example Hosting',
    normal: 'AS64496 Example Office',
    bits: 7.5,
    text: 'First use from a hosting network.',
    ...changes,
  };
}

/** An incident of a stolen key, as respond hands it to notifiers; name only what the story is about. */
export function anIncidentSnapshot(changes: Partial<IncidentSnapshot> = {}): IncidentSnapshot {
  const keyId = 'ab'.repeat(32) as KeyId;
  return {
    incidentId: 'inc_0123456789abcdef',
    version: 3,
    entity: { type: 'key', keyId },
    kind: 'leaked_key',
    severity: 'critical',
    status: 'open',
    containment: 'requested',
    verdict: '',
    title: 'A reported leak is in use',
    scoreBits: 27.5,
    families: ['leak', 'network'],
    certainty: 'leak-in-use',
    gateway: 'litellm',
    keyId,
    keyAlias: 'search-prod',
    team: 'team-search',
    user: 'dana',
    openedAt: AT,
    updatedAt: AT,
    closedAt: null,
    firstEventAt: AT - 60_000,
    lastEventAt: AT,
    usdLost: 12.4,
    usdPerHour: 744,
    events: 31,
    evidence: [
      {
        detector: 'leak-in-use',
        findingId: 'fnd_1',
        kind: 'leaked_key',
        ts: AT,
        lines: [
          aLine(),
          aLine({
            family: 'leak',
            feature: 'leak-in-use',
            observed: '',
            normal: '',
            bits: 20,
            text: 'The key was reported as leaked.',
          }),
        ],
        certainty: 'leak-in-use',
        indicators: ['ip:203.0.113.7'],
        events: 31,
        usdLost: 12.4,
        usdPerHour: 744,
        isFresh: true,
        isLearning: false,
      },
    ],
    timeline: [],
    decision: { action: 'block', reason: 'certain-evidence', nextLevel: '' },
    actions: [],
    ...changes,
  };
}

export function aNotification(changes: Partial<Notification> = {}): Notification {
  return {
    notificationId: 'ntf_0123456789abcdef',
    transition: 'opened',
    at: AT,
    incident: anIncidentSnapshot(),
    subject: 'A reported leak is in use: search-prod',
    summary: 'Key search-prod was reported as leaked and is used from a network it never used before.',
    whatWasDone: 'The key was blocked at the gateway. To undo it, open the incident and press Restore.',
    link: 'https://gatewatch.example.com/incidents/inc_0123456789abcdef',
    runbook: 'Ask the owner whether both places are theirs. If not, keep the key blocked and rotate it.',
    auditAnchor: '17:5d41402abc4b2a76b9719d911017c592',
    ...changes,
  };
}

/** The one message for many; `subject` is that of the worst of them. */
export function aDigest(subject = '[critical] Key “search-prod” looks stolen'): Notification {
  const bySeverity = { info: 0, low: 0, medium: 0, high: 34, critical: 3 };
  const worst = [{ severity: 'critical', subject } as const];
  return aNotification({
    notificationId: 'ntf_digest_1',
    transition: 'digest',
    incident: undefined,
    subject: '37 more messages about incidents since 10:05 UTC: 3 critical, 34 high',
    summary: '37 more messages about incidents came up since 10:05 UTC: 3 critical, 34 high.',
    link: 'https://gatewatch.example.com',
    digest: { messages: 37, since: AT - 600_000, bySeverity, worst },
  });
}

/** Texts that callers may put into aliases, models and user agents. */
export const HOSTILE_TEXTS = [
  { story: 'a script', text: '<script>alert(1)</script>' },
  { story: 'an image that calls home', text: '"><img src=x onerror=alert(1)>' },
  { story: 'a second header', text: 'key\r\nBcc: thief@example.net\r\n\r\nbody' },
  { story: 'a bare line feed', text: 'key\nSubject: all is well' },
  { story: 'text turned around', text: 'user\u202Egnp.exe\u2066' },
  { story: 'invisible letters', text: 'ad\u200Bmin\uFEFF\u{E0041}' },
  { story: 'a link to the thief', text: 'see https://evil.example.net/login now' },
  { story: 'half a character', text: 'key \uD83D end' },
  { story: 'terminal codes', text: '\u001B[2J\u001B]0;owned\u0007\u009B31m' },
  { story: 'other line ends', text: 'one\u2028two\u2029three\u0085four' },
  { story: 'very long text', text: 'x'.repeat(50_000) },
  { story: 'an encoded word', text: '=?utf-8?q?Bcc=3A_x=40example.net?=' },
] as const;
