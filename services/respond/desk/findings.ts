import { openIncident } from '../../incidents/lifecycle.ts';
import { agreesWith, toPart } from '../../incidents/evidence.ts';
import type { EvidencePart, IncidentSnapshot } from '../../incidents/incident.ts';
import { LATE_MS } from '../../topics.ts';
import type { Finding } from '../../topics.ts';
import { planBlock } from './actions.ts';
import { lastBlockOf, newDossier } from './dossier.ts';
import type { Dossier } from './dossier.ts';
import { tellNews } from './news.ts';
import { holdNotice } from './notices.ts';
import { decide, isHeldBack, VERDICT_MS, wouldBlock } from './policy.ts';
import type { Mode, Question, Standing } from './policy.ts';
import { closeQuietly, QUIET_MS, wentQuiet } from './quiet.ts';
import { findingRow, ledgerRow } from './rows.ts';
import type { Turn } from './turn.ts';

export interface PolicySettings {
  mode: Mode;
  protectedKeys: ReadonlySet<string>;
}

/** What a finding leads to: an incident opened or grown, a decision, and messages about both. */
export function handleFinding(turn: Turn, settings: PolicySettings, finding: Finding): void {
  const timeliness = timelinessOf(finding, turn.now);
  const dossier = takeUp(turn, finding, timeliness === 'fresh');
  if (dossier === undefined) return;
  turn.row(findingRow(finding, dossier.incident.incidentId));
  if (timeliness === 'fresh') watchForMoves(turn, dossier, finding);
  judge(turn, settings, dossier, { timeliness, receivedAt: finding.receivedAt });
  if (timeliness === 'fresh') tellNews(turn, dossier);
}

function timelinessOf({ isImport, ts }: Finding, now: number): Question['timeliness'] {
  if (isImport) return 'import';
  return now - ts > LATE_MS ? 'late' : 'fresh';
}

/** Puts the finding into the open incident of its entity, or opens one. Undefined when it says nothing new. */
function takeUp(turn: Turn, finding: Finding, isFresh: boolean): Dossier | undefined {
  const open = turn.archive.openOf(finding.entity);
  // Recorded and late calls pass faster than the clock that closes incidents; they are a new story all the same.
  if (open !== undefined && wentQuiet(open, finding.ts)) closeQuietly(turn, open);
  else if (open !== undefined) {
    const atGateway = open.doubt?.atGateway;
    return turn.change(open, { type: 'evidence', at: turn.now, finding, isFresh, atGateway })
      ? open
      : undefined;
  }
  const isAnswered = turn.archive
    .of(finding.entity)
    .some(({ incident }) => answers(incident, finding, turn.now));
  if (isAnswered) return undefined;
  const dossier = newDossier(openIncident(finding, turn.now, isFresh));
  if (turn.archive.get(dossier.incident.incidentId) !== undefined) return undefined;
  turn.opened(dossier);
  return dossier;
}

/** Whether a resolved incident settled this finding: a straggler of the same story, or one that people called theirs
 *  and in which nothing new turns up. */
function answers(incident: IncidentSnapshot, finding: Finding, now: number): boolean {
  const known = incident.evidence.find(({ findingId }) => findingId === finding.findingId);
  if (known === undefined || incident.closedAt === null) return false;
  const settledUntil = Math.min(incident.closedAt, incident.lastEventAt + QUIET_MS);
  if (finding.ts <= settledUntil) return known.certainty === finding.certainty;
  const isOurs = incident.verdict === 'ours' || incident.verdict === 'planned';
  if (!isOurs || now - incident.closedAt > VERDICT_MS || finding.certainty !== known.certainty) return false;
  const indicators = new Set(incident.evidence.flatMap((part) => part.indicators));
  return finding.indicators.every((indicator) => indicators.has(indicator));
}

function watchForMoves(turn: Turn, dossier: Dossier, finding: Finding): void {
  const { keyId, team } = dossier.incident;
  if (keyId === '') return;
  const met = { keyId, team, metAt: finding.firstEventAt };
  const network = turn.situation.breaker.note(toPart(finding, true), met, turn.now);
  if (network === undefined || turn.situation.hold !== 'no') return;
  turn.situation.hold = 'breaker';
  turn.audit({
    actor: 'policy',
    action: 'breaker-tripped',
    target: network,
    incidentId: dossier.incident.incidentId,
    detail: { ref: `breaker/${finding.findingId}/${Math.round(finding.ts)}`, network },
  });
  page(
    turn,
    'breaker',
    `Within 15 minutes five keys of at least two teams met the new network ${network.slice('network:'.length)}.`,
  );
}

/** The gateway has just called the log wrong: evidence that agrees with it may have come meanwhile. */
export function judgeDoubted(turn: Turn, settings: PolicySettings, dossier: Dossier, now: number): void {
  const { incident, doubt } = dossier;
  if (doubt?.refusedAt !== now || incident.status === 'resolved') return;
  judge(turn, settings, dossier, { timeliness: 'fresh', receivedAt: now });
}

function judge(
  turn: Turn,
  settings: PolicySettings,
  dossier: Dossier,
  { timeliness, receivedAt }: { timeliness: Question['timeliness']; receivedAt: number },
): void {
  const question = questionAbout(turn, dossier, timeliness);
  writeLedger(turn, settings.mode, dossier, question);
  const { decision: before } = dossier.incident;
  if (isHeldBack(before) || (timeliness !== 'fresh' && before.reason !== '')) return;
  const decision = decide(question, standingOf(turn, settings, dossier));
  if (decision.reason === 'blocked-already') return;
  turn.change(dossier, { type: 'decide', at: turn.now, decision });
  if (decision.action === 'block') {
    planBlock(turn, dossier, { actor: 'policy', reason: decision.reason, isAutomatic: true, receivedAt });
  }
  if (isHeldBack(decision) && !turn.simulate)
    page(turn, decision.reason === 'breaker' ? 'breaker' : 'caps', '');
}

function questionAbout(
  { situation, now }: Turn,
  { incident, doubt }: Dossier,
  timeliness: Question['timeliness'],
): Question {
  const fresh = incident.evidence.filter(({ isFresh }) => isFresh);
  const isBelieved = (part: EvidencePart) => doubt === undefined || agreesWith(part, doubt.atGateway);
  const believed = fresh.filter(isBelieved);
  const isForgiven = (part: EvidencePart) => situation.forgiveness.isForgiven(incident.keyId, part, now);
  return {
    severity: incident.severity,
    keyId: incident.keyId,
    timeliness,
    parts: believed.filter((part) => !isForgiven(part)),
    forgiven: believed.filter(isForgiven),
    doubted: fresh.filter((part) => !isBelieved(part)),
  };
}

function standingOf(
  { archive, situation, now }: Turn,
  { mode, protectedKeys }: PolicySettings,
  dossier: Dossier,
): Standing {
  const { incident } = dossier;
  const isBusy = archive.of(incident.entity).some(({ open }) => open.some(({ kind }) => kind === 'block'));
  return {
    mode,
    isProtected: protectedKeys.has(incident.keyId) || protectedKeys.has(incident.keyAlias),
    lastBlock: isBusy ? 'open' : lastBlockOf(dossier, now),
    held: situation.hold,
    capReached: situation.caps.reached(incident.team, now),
  };
}

/** Whatever is done in the end: what the evidence alone would have led to is written down once, when it first would. */
function writeLedger(turn: Turn, mode: Mode, dossier: Dossier, question: Question): void {
  for (const { rule, detector } of wouldBlock(question)) {
    const entry = `${rule}/${detector}`;
    const known = dossier.ledger ?? [];
    if (known.includes(entry)) continue;
    dossier.ledger = [...known, entry];
    turn.touch(dossier);
    turn.row(ledgerRow(dossier.incident, { at: turn.now, rule, detector, mode }));
  }
}

/** One page for all that is held back, instead of one for each. */
function page(turn: Turn, about: 'caps' | 'breaker', what: string): void {
  if (!turn.situation.shouldPage(about, turn.now)) return;
  const waiting = [...turn.archive.all()].filter(
    ({ incident }) => incident.status !== 'resolved' && isHeldBack(incident.decision),
  ).length;
  const reason = about === 'breaker' ? 'breaker' : 'caps-hour';
  turn.announce(holdNotice({ at: turn.now, reason, publicUrl: turn.publicUrl(), waiting, what }));
}
