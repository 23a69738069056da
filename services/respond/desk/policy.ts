import type { Certainty } from '../../../detectors/detector.ts';
import { bitsOf, certaintyOf, independentFamilies, linesOf } from '../../incidents/evidence.ts';
import type { EvidencePart, IncidentSnapshot, Severity } from '../../incidents/incident.ts';
import { isAtLeast } from '../../incidents/severity.ts';
import type { CapName } from './caps.ts';
import type { LastBlock } from './dossier.ts';

export type Mode = 'observe' | 'certain' | 'enforce';

/** How long a verdict keeps the same story quiet, here and at the detectors. */
export const VERDICT_MS = 90 * 86_400_000;

/** Below this sum, three families are three small oddities. */
const MIN_BITS = 10;
const MIN_FAMILIES = 3;

export interface Question {
  severity: Severity;
  /** Empty for a team or a user. */
  keyId: string;
  /** What the finding at hand is: only fresh ones may act or page. */
  timeliness: 'fresh' | 'late' | 'import';
  /** Evidence that may act: fresh, neither forgiven nor doubted. */
  parts: readonly EvidencePart[];
  /** Fresh evidence that a person has answered: it was restored or denied, and counts again only later. */
  forgiven: readonly EvidencePart[];
  /** Fresh evidence of records that disagree with what the gateway said about the key. */
  doubted: readonly EvidencePart[];
}

/** Where things stand when the question is asked. */
export interface Standing {
  mode: Mode;
  isProtected: boolean;
  /** What became of the last block of this incident. */
  lastBlock: LastBlock;
  held: 'no' | 'frozen' | 'breaker';
  capReached: CapName | undefined;
}

export type Reason =
  | 'import'
  | 'too-old'
  | 'not-one-key'
  | 'never-list'
  | 'observe-mode'
  | 'blocked-already'
  | 'block-failed'
  | 'log-integrity'
  | 'too-weak'
  | 'needs-more-evidence'
  | 'needs-a-person'
  | 'learning'
  | 'forgiven'
  | 'protected'
  | 'frozen'
  | 'breaker'
  | CapName
  | 'certain-evidence'
  | 'three-families';

export type Decision = Omit<IncidentSnapshot['decision'], 'reason'> & { reason: Reason };

/** Decides what to do about an incident. Pure; the reason is stored, counted and shown, and so is what the next level
 *  would have needed. */
export function decide(question: Question, standing: Standing): Decision {
  const quiet = reasonForSilence(question);
  if (quiet !== undefined) return answer('none', quiet);
  const passive = reasonToTellOnly(question, standing);
  if (passive !== undefined) return tell(question, passive);
  const ground = groundToBlock(question.parts, standing.mode);
  if (ground === undefined) return tell(question, whatIsMissing(question, standing.mode));
  const waits = reasonToWait(standing);
  return waits === undefined ? answer('block', ground) : answer('ask', waits);
}

/** Old news and imports teach, but they neither act nor page. */
function reasonForSilence({ timeliness }: Question): Reason | undefined {
  if (timeliness === 'import') return 'import';
  return timeliness === 'late' ? 'too-old' : undefined;
}

function reasonToTellOnly({ keyId }: Question, { mode, lastBlock }: Standing): Reason | undefined {
  if (keyId === '') return 'not-one-key';
  if (isNeverBlocked(keyId)) return 'never-list';
  if (lastBlock === 'open') return 'blocked-already';
  return mode === 'observe' ? 'observe-mode' : undefined;
}

/** Credentials that are no key of the gateway, and the one that would lock everybody out. */
export function isNeverBlocked(keyId: string): boolean {
  return keyId === '' || keyId.startsWith('foreign:') || keyId === 'litellm_proxy_master_key';
}

function groundToBlock(parts: readonly EvidencePart[], mode: Mode): Rule | undefined {
  if (certaintyOf(parts) !== undefined) return 'certain-evidence';
  if (mode !== 'enforce' || isLearning(parts) || !areThreeFamilies(parts)) return undefined;
  return 'three-families';
}

export type Rule = 'certain-evidence' | 'three-families';

/** Whose evidence would be enough to block, were nothing but the evidence asked: neither mode nor caps. Each rule that holds,
 *  with each detector that it rests on. */
export function wouldBlock({ keyId, timeliness, parts }: Question): { rule: Rule; detector: string }[] {
  if (timeliness !== 'fresh' || isNeverBlocked(keyId)) return [];
  const certain = parts.filter(({ certainty }) => certainty !== undefined);
  const holds = !isLearning(parts) && areThreeFamilies(parts);
  return [
    ...detectorsOf(certain).map((detector) => ({ rule: 'certain-evidence' as const, detector })),
    ...(holds ? detectorsOf(parts.filter(speaksFor)) : []).map((detector) => ({
      rule: 'three-families' as const,
      detector,
    })),
  ];
}

function detectorsOf(parts: readonly EvidencePart[]): string[] {
  return [...new Set(parts.map(({ detector }) => detector))];
}

function speaksFor({ lines }: EvidencePart): boolean {
  return bitsOf(lines.filter(({ isWeak }) => isWeak !== true)) > 0;
}

function isLearning(parts: readonly EvidencePart[]): boolean {
  return parts.some((part) => part.isLearning);
}

function areThreeFamilies(parts: readonly EvidencePart[]): boolean {
  return independentFamilies(parts) >= MIN_FAMILIES && bitsOf(linesOf(parts)) >= MIN_BITS;
}

/** Why evidence that is no ground by itself is none. */
function whatIsMissing({ severity, parts, forgiven, doubted }: Question, mode: Mode): Reason {
  const isEnoughWith = (more: readonly EvidencePart[]) =>
    groundToBlock([...parts, ...more], mode) !== undefined;
  if (isEnoughWith(doubted)) return 'log-integrity';
  if (forgiven.length > 0 && (isEnoughWith(forgiven) || parts.length === 0)) return 'forgiven';
  if (!isAtLeast(severity, 'medium')) return 'too-weak';
  if (!areThreeFamilies(parts)) return 'needs-more-evidence';
  return mode === 'enforce' ? 'learning' : 'needs-a-person';
}

/** The evidence suffices, and still the machine leaves it to a person. */
function reasonToWait({ isProtected, lastBlock, held, capReached }: Standing): Reason | undefined {
  if (isProtected) return 'protected';
  if (lastBlock === 'doubted') return 'log-integrity';
  if (lastBlock === 'failed') return 'block-failed';
  return held === 'no' ? capReached : held;
}

/** Only what looks bad enough is told, and only where a person could act is one asked. */
function tell({ severity, keyId }: Question, reason: Reason): Decision {
  if (reason === 'blocked-already' || !isAtLeast(severity, 'medium')) return answer('none', reason);
  const canAct = keyId !== '' && !isNeverBlocked(keyId) && reason !== 'forgiven';
  return answer(canAct && isAtLeast(severity, 'high') ? 'ask' : 'notify', reason);
}

const THREE_FAMILIES = `${MIN_FAMILIES} independent families of evidence with ${MIN_BITS} bits`;

/** What would have been needed for the next level. */
const NEXT_LEVEL: Record<Reason, string> = {
  import: 'Live calls: recorded ones only teach.',
  'too-old': 'Calls that arrive within 15 minutes.',
  'not-one-key': 'Evidence against one key: there is no single key to block.',
  'never-list': 'Nothing: this credential is never blocked by gatewatch.',
  'observe-mode': 'Mode certain or enforce: in mode observe only people act.',
  'blocked-already': '',
  'block-failed': 'A person: the last block did not succeed, so it is not repeated by itself.',
  'log-integrity':
    'Evidence whose alias and team are those at the gateway, or a person: the log and the gateway disagree about this key.',
  'too-weak': 'Evidence of 8 bits to tell people.',
  'needs-more-evidence': `Certain evidence, or in mode enforce ${THREE_FAMILIES}.`,
  'needs-a-person': 'Mode enforce would have blocked this key; in mode certain only certain evidence does.',
  learning: 'A key past its learning time, or certain evidence.',
  forgiven: 'New evidence: a person has answered this one by a restore or a denial.',
  protected: 'A person: the key is on the list of protected keys.',
  frozen: 'A person: automatic actions are frozen.',
  breaker: 'A person: many keys met the same new network, so automatic actions stopped.',
  'caps-10-minutes': 'A person: no more automatic blocks within 10 minutes.',
  'caps-hour': 'A person: no more automatic blocks within the hour.',
  'caps-day': 'A person: no more automatic blocks within the day.',
  'caps-fleet': 'A person: the share of all keys that may be blocked within the hour is used up.',
  'caps-team': 'A person: the share of this team’s keys that may be blocked is used up.',
  'certain-evidence': '',
  'three-families': '',
};

function answer(action: Decision['action'], reason: Reason): Decision {
  return { action, reason, nextLevel: NEXT_LEVEL[reason] };
}

/** Over the cap and behind the breaker, incidents wait for a person, also when the window has passed. */
export function isHeldBack({ action, reason }: IncidentSnapshot['decision']): boolean {
  return action === 'ask' && (reason.startsWith('caps-') || reason === 'breaker');
}

/** Of the certain ones any is enough; said in the audit record. */
export function groundsOf(parts: readonly EvidencePart[]): {
  certainty: Certainty | undefined;
  families: number;
  bits: number;
} {
  return {
    certainty: certaintyOf(parts),
    families: independentFamilies(parts),
    bits: bitsOf(linesOf(parts)),
  };
}
