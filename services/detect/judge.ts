import { createHash } from 'node:crypto';
import type { Context, Core, Fact, Rollup, Signal } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import { entityText } from '../entity-text.ts';
import type { Finding } from '../topics.ts';

export interface Judged {
  context: Context;
  findings: readonly Finding[];
}

/** Detectors plus the lookups they need: what live detection and `replay` have in common. */
export interface Judge {
  judgeEvent(event: Event): Judged;
  /** The lookups alone. */
  lookup(event: Event): Context;
  judgeFact(fact: Fact, receivedAt: number): readonly Finding[];
  judgeRollup(rollup: Rollup, origin: Origin): readonly Finding[];
  /** Moves event time forward. */
  tick(watermark: number, origin: Origin): readonly Finding[];
}

/** Where a finding that no single event raised comes from. */
export interface Origin {
  receivedAt: number;
  isImport: boolean;
}

function findingId(signal: Signal): string {
  const text = `${signal.detector}\n${entityText(signal.entity)}\n${signal.dedupKey}`;
  return `fnd_${createHash('sha256').update(text).digest('hex').slice(0, 20)}`;
}

const NONE: readonly Finding[] = [];

function toFindings(signals: readonly Signal[], { receivedAt, isImport }: Origin): readonly Finding[] {
  if (signals.length === 0) return NONE;
  return signals.map((signal) => ({ ...signal, findingId: findingId(signal), receivedAt, isImport }));
}

export function createJudge(core: Core, enricher: Enricher): Judge {
  return {
    judgeEvent(event) {
      const context = enricher.lookup(event.ip);
      return { context, findings: toFindings(core.judge(event, context), event) };
    },
    lookup: ({ ip }) => enricher.lookup(ip),
    judgeFact: (fact, receivedAt) => toFindings(core.applyFact(fact), { receivedAt, isImport: false }),
    judgeRollup: (rollup, origin) => toFindings(core.judgeRollup(rollup), origin),
    tick: (watermark, origin) => toFindings(core.tick(watermark), origin),
  };
}
