import { setImmediate as nextTurn } from 'node:timers/promises';
import { createCore } from '../../detectors/core.ts';
import type { Context, Fact } from '../../detectors/detector.ts';
import { createJudge } from '../detect/judge.ts';
import type { Judge } from '../detect/judge.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import { SEVERITIES } from '../incidents/incident.ts';
import type { IncidentSnapshot, Severity } from '../incidents/incident.ts';
import { StreamJudge } from '../replay/stream-judge.ts';
import { createDesk } from '../respond/desk/desk.ts';
import type { Desk } from '../respond/desk/desk.ts';
import type { Effect } from '../respond/desk/effects.ts';
import { VERDICT_MS } from '../respond/desk/policy.ts';
import type { Finding } from '../topics.ts';
import { contextOf, eventOf } from './verdict-case.ts';
import type { CaseRow, Shown, VerdictCase } from './verdict-case.ts';

const DAY_MS = 86_400_000;
const MAX_KEYS = 1_000;
/** Events judged before others get their turn. */
const SLICE_EVENTS = 200;
const NO_CAPS = { per10min: 1e6, perHour: 1e6, perDay: 1e6, fleetPercent: 100, teamPercent: 100 };

/** What the detectors and the desk of this version make of the events of a case. */
export async function showCase(one: VerdictCase): Promise<Shown> {
  const stage = new Stage(one);
  await stage.play(one.rows);
  return stage.shown();
}

/** The same once more some days later, after people have said that it was theirs: what they are told then. */
export async function showAgain(one: VerdictCase & { verdict: 'ours' | 'planned' }): Promise<Shown> {
  const stage = new Stage(one);
  await stage.play(one.rows);
  stage.say(one.verdict);
  const days = Math.ceil((one.to - one.from) / DAY_MS) + 1;
  const story = one.rows.filter(({ at }) => at >= one.from);
  await stage.play(
    story.map((row) => ({ ...row, at: row.at + days * DAY_MS, event_id: `${row.event_id}/again` })),
  );
  return stage.shown();
}

/** Detectors and desk with nothing around them, in the time of the events. */
class Stage {
  readonly #case: VerdictCase;
  readonly #judge: Judge;
  readonly #stream: StreamJudge;
  readonly #desk: Desk;
  #facts: Fact[];
  /** What people were told since, newest state of each incident. */
  readonly #told = new Map<string, IncidentSnapshot>();
  #since: number;

  constructor(one: VerdictCase) {
    const limits = { partition: 0, partitions: 1, maxKeys: MAX_KEYS, maxReadyKeys: MAX_KEYS };
    const core = createCore({ ...limits, learningMs: one.learningDays * DAY_MS });
    const enricher = enricherOf(one.rows);
    this.#case = one;
    this.#judge = createJudge(core, enricher);
    this.#stream = new StreamJudge(core, enricher);
    const quiet = { protectedKeys: [], graceMs: 0, publicUrl: '', simulate: true };
    this.#desk = createDesk({ mode: 'enforce', caps: NO_CAPS, ...quiet });
    this.#facts = [...one.facts].sort((a, b) => a.at - b.at);
    this.#since = one.from;
  }

  async play(rows: readonly CaseRow[]): Promise<void> {
    for (const [index, row] of rows.entries()) {
      this.#learnUntil(row.at);
      const { findings, ofTime } = this.#stream.take(eventOf(row));
      this.#handOn(findings);
      if (ofTime !== undefined) this.#passTime(ofTime);
      if (index % SLICE_EVENTS === SLICE_EVENTS - 1) await nextTurn();
    }
    this.#passTime(this.#stream.passTime());
  }

  /** A benign verdict: closes what is open, and excludes what it is about. What comes from here on counts. */
  say(verdict: 'ours' | 'planned'): void {
    const { keyId, incidentId, indicators } = this.#case;
    const at = this.#stream.now();
    for (const incident of [...this.#desk.incidents()]) {
      if (incident.keyId !== keyId || incident.status === 'resolved') continue;
      const said = { command: 'resolve', verdict, note: '', actor: 'case' } as const;
      const about = { commandId: `cmd_${incident.incidentId}`, incidentId: incident.incidentId, at };
      this.#apply(this.#desk.applyCommand({ type: 'incident', ...about, ...said }, at));
    }
    const until = at + VERDICT_MS;
    this.#judge.judgeFact({ type: 'verdict', keyId, at, incidentId, verdict, indicators, until }, at);
    this.#told.clear();
    this.#since = at;
  }

  shown(): Shown {
    const told = [...this.#told.values()];
    const detectors = told.flatMap(({ evidence }) => evidence.map(({ detector }) => detector));
    return {
      severity: worst(told.map(({ severity }) => severity)),
      wouldBlock: told.some(({ containment }) => containment === 'simulated'),
      detectors: [...new Set(detectors)].sort(),
    };
  }

  #learnUntil(at: number): void {
    const due = this.#facts.filter((fact) => fact.at <= at);
    this.#facts = this.#facts.filter((fact) => fact.at > at);
    for (const fact of due) this.#handOn(this.#judge.judgeFact(fact, fact.at));
  }

  #passTime(findings: readonly Finding[]): void {
    this.#handOn(findings);
    this.#apply(this.#desk.tick(this.#stream.now()));
  }

  #handOn(findings: readonly Finding[]): void {
    const now = this.#stream.now();
    for (const finding of findings) this.#apply(this.#desk.applyFinding(finding, now));
  }

  #apply(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== 'notify' || effect.notification.at < this.#since) continue;
      const { incident, transition } = effect.notification;
      if (incident?.keyId !== this.#case.keyId || transition === 'resolved') continue;
      this.#told.set(incident.incidentId, incident);
    }
  }
}

function worst(severities: readonly Severity[]): Severity | null {
  return SEVERITIES.findLast((severity) => severities.includes(severity)) ?? null;
}

function enricherOf(rows: readonly CaseRow[]): Enricher {
  const contexts = new Map<string, Context>(rows.map((row) => [row.ip, contextOf(row)]));
  return {
    lookup: (ip) => contexts.get(ip) ?? { place: undefined, network: undefined },
    sources: () => [],
    close: () => Promise.resolve(),
  };
}
