import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { createCore } from '../../detectors/core.ts';
import type { Signal } from '../../detectors/detector.ts';
import type { Finding } from '../../services/topics.ts';
import { openIncident, transition } from '../../services/incidents/lifecycle.ts';
import type { IncidentSnapshot } from '../../services/incidents/incident.ts';
import { isAtLeast } from '../../services/incidents/severity.ts';
import { LEARNING } from '../support/key-life.ts';
import { LOUD_STORIES, QUIET_STORIES } from './stories.ts';
import type { Moment } from './stories.ts';

function asFinding(signal: Signal): Finding {
  const findingId = `fnd_${signal.detector}/${signal.dedupKey}`;
  return { ...signal, findingId, receivedAt: signal.ts, isImport: false };
}

/** What people would be told: each time an incident gets worse, or turns out to be about something else. */
function messagesOf(moments: readonly Moment[]) {
  const core = createCore({
    partition: 0,
    partitions: 1,
    learningMs: LEARNING,
    maxKeys: 1_000,
    maxReadyKeys: 1_000,
  });
  const messages: unknown[] = [];
  let incident: IncidentSnapshot | undefined;
  for (const moment of moments) {
    const signals = 'fact' in moment ? core.applyFact(moment.fact) : core.judge(moment.event, moment.context);
    for (const signal of signals) {
      const before = incident;
      const change = { type: 'evidence', at: signal.ts, finding: asFinding(signal), isFresh: true } as const;
      incident =
        incident === undefined ? openIncident(change.finding, signal.ts, true) : transition(incident, change);
      const isSame = before?.severity === incident.severity && before.kind === incident.kind;
      if (!isSame && isAtLeast(incident.severity, 'medium')) messages.push(messageOf(incident));
    }
  }
  return messages;
}

function messageOf({ lastEventAt, severity, kind, certainty, title, evidence }: IncidentSnapshot) {
  return {
    at: new Date(lastEventAt).toISOString(),
    severity,
    kind,
    certainty: certainty ?? null,
    title,
    lines: evidence.flatMap(({ lines }) =>
      lines.map(({ feature, bits, text }) => `${feature} ${bits}: ${text}`),
    ),
  };
}

describe('ordinary life', () => {
  it.each(QUIET_STORIES)('$name', ({ moments }) => {
    expect(messagesOf(moments())).toEqual([]);
  });
});

describe('thefts and wastes', () => {
  it.each(LOUD_STORIES)('$name', async ({ name, moments }) => {
    const messages = messagesOf(moments());
    expect(messages.length).toBeGreaterThan(0);
    const file = fileURLToPath(new URL(`./${name}/signals.json`, import.meta.url));
    await expect(`${JSON.stringify(messages, undefined, 2)}\n`).toMatchFileSnapshot(file);
  });
});
