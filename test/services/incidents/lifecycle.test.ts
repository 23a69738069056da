import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bitsOf, linesOf } from '../../../services/incidents/evidence.ts';
import type { IncidentSnapshot } from '../../../services/incidents/incident.ts';
import { openIncident, transition } from '../../../services/incidents/lifecycle.ts';
import type { Change } from '../../../services/incidents/lifecycle.ts';
import { NOW, aCertainFinding, aFinding, line } from '../../support/findings.ts';

const person = { at: NOW, actor: 'dana', note: '' };
const opened = () => openIncident(aFinding(), NOW, true);
const acknowledge: Change = { type: 'acknowledge', ...person };
const resolve: Change = { type: 'resolve', verdict: 'attack', ...person };
const reopen: Change = { type: 'reopen', ...person };
const evidence = (finding = aFinding()): Change => ({ type: 'evidence', at: NOW, finding, isFresh: true });

const anyFinding = fc
  .record({
    ts: fc.integer({ min: NOW, max: NOW + 20 }),
    events: fc.integer({ min: 1, max: 3 }),
    dedupKey: fc.constantFrom('a', 'b', 'c'),
    lines: fc.array(
      fc.record({
        family: fc.constantFrom('network', 'client', 'spend' as const),
        bits: fc.double({ min: -6, max: 14, noNaN: true }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ lines, ...rest }) =>
    aFinding({ ...rest, lines: lines.map(({ family, bits }) => line(family, bits)) }),
  );

const anyChange: fc.Arbitrary<Change> = fc.oneof(
  anyFinding.map(evidence),
  fc.constantFrom(acknowledge, resolve, reopen),
  fc.constant<Change>({ type: 'note', change: 'note', ...person }),
);

function play(changes: readonly Change[], start = opened()): IncidentSnapshot {
  return changes.reduce(transition, start);
}

describe('the life of an incident', () => {
  it.each([
    { story: 'is acknowledged, then resolved', changes: [acknowledge, resolve], status: 'resolved' },
    { story: 'is resolved without an acknowledgement', changes: [resolve], status: 'resolved' },
    { story: 'is reopened', changes: [resolve, reopen], status: 'open' },
    { story: 'cannot be acknowledged when resolved', changes: [resolve, acknowledge], status: 'resolved' },
    { story: 'cannot be reopened while open', changes: [reopen], status: 'open' },
    {
      story: 'stays acknowledged when it is acknowledged again',
      changes: [acknowledge, acknowledge],
      status: 'acknowledged',
    },
  ])('$story', ({ changes, status }) => {
    expect(play(changes).status).toBe(status);
  });

  it('keeps verdict and time of closing until it is reopened', () => {
    expect(play([resolve])).toMatchObject({ verdict: 'attack', closedAt: NOW });
    expect(play([resolve, reopen])).toMatchObject({ verdict: '', closedAt: null });
  });

  it('is open and critical again when the block turns out not to work', () => {
    const worse = play([resolve, { type: 'worsen', at: NOW, note: 'it works still', action: undefined }]);
    expect(worse).toMatchObject({
      status: 'open',
      severity: 'critical',
      containment: 'failed',
      closedAt: null,
    });
  });

  it('has an id that depends on what opened it, and on nothing else', () => {
    expect(openIncident(aFinding(), NOW, true).incidentId).toBe(
      openIncident(aFinding(), NOW + 5_000, false).incidentId,
    );
    expect(openIncident(aFinding({ ts: NOW + 1 }), NOW, true).incidentId).not.toBe(opened().incidentId);
    expect(openIncident(aFinding({ dedupKey: 'other' }), NOW, true).incidentId).not.toBe(opened().incidentId);
  });

  it('takes the kind of the heaviest evidence, and certain evidence is the heaviest', () => {
    const spend = aFinding({ dedupKey: 'burn', kind: 'spend', lines: [line('spend', 30)] });
    expect(play([evidence(spend)], openIncident(aFinding({ kind: 'geo' }), NOW, true)).kind).toBe('spend');
    const both = play([evidence(spend), evidence(aCertainFinding({ lines: [line('leak', 1)] }))]);
    expect(both).toMatchObject({ kind: 'leaked_key', certainty: 'leak-in-use', severity: 'critical' });
  });

  it('does not forget how bad it was when a later finding weighs less', () => {
    const heavy = aFinding({ lines: [line('network', 13)] });
    const light = aFinding({ ts: NOW + 1, lines: [line('network', 1)] });
    const incident = play([evidence(light)], openIncident(heavy, NOW, true));
    expect(incident).toMatchObject({ severity: 'high', scoreBits: 1 });
  });

  it('notes a new story in the timeline, but not its growth', () => {
    const grown = play([
      evidence(aFinding({ ts: NOW + 1, events: 2 })),
      evidence(aFinding({ dedupKey: 'second', lines: [line('network', 0.5)] })),
    ]);
    expect(grown.timeline.map(({ change }) => change)).toEqual(['opened', 'evidence']);
  });

  it('keeps its timeline and its evidence within bounds', () => {
    const notes = Array.from({ length: 500 }, (_, index): Change => ({
      type: 'note',
      change: `n${index}`,
      ...person,
    }));
    const stories = Array.from({ length: 80 }, (_, index) => evidence(aFinding({ dedupKey: `s${index}` })));
    const incident = play([...notes, ...stories]);
    expect(incident.timeline.length).toBeLessThanOrEqual(200);
    expect(incident.timeline[0]?.change).toBe('opened');
    expect(incident.evidence.length).toBeLessThanOrEqual(32);
  });

  it('counts the money of one story once, though several detectors speak of it', () => {
    const incident = play(
      [evidence(aFinding({ dedupKey: 'b', usdLost: 9, usdPerHour: 2, events: 4 }))],
      openIncident(aFinding({ usdLost: 5, usdPerHour: 7, events: 3 }), NOW, true),
    );
    expect(incident).toMatchObject({ usdLost: 9, usdPerHour: 7, events: 4 });
  });
});

describe('whatever happens', () => {
  it('the lines add up to the score', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
        const incident = play(changes);
        expect(incident.scoreBits).toBeCloseTo(bitsOf(linesOf(incident.evidence)), 9);
      }),
    );
  });

  it('a resolved incident stays as it is until somebody reopens it', () => {
    const notReopen = anyChange.filter(({ type }) => type !== 'reopen' && type !== 'note');
    fc.assert(
      fc.property(
        fc.array(anyChange, { maxLength: 10 }),
        fc.array(notReopen, { maxLength: 10 }),
        (before, after) => {
          const resolved = play([...before, resolve]);
          expect(play(after, resolved)).toEqual(resolved);
          expect(play([...after, reopen], resolved).status).toBe('open');
        },
      ),
    );
  });

  it('a finding that was told before changes nothing', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { minLength: 1, maxLength: 12 }), fc.nat(), (findings, pick) => {
        const incident = play(findings.map(evidence));
        const again = findings[pick % findings.length];
        expect(play([evidence(again)], incident)).toBe(incident);
      }),
    );
  });

  it('the order in which findings arrive does not matter for the score', () => {
    fc.assert(
      fc.property(fc.array(anyFinding, { maxLength: 8 }), (findings) => {
        // Of two that say the same amount about one moment the first one stays: not what this is about.
        const moments = new Set(findings.map(({ findingId, ts, events }) => `${findingId}/${ts}/${events}`));
        fc.pre(moments.size === findings.length);
        const there = play(findings.map(evidence), openIncident(aFinding({ dedupKey: 'first' }), NOW, true));
        const back = play(
          findings.toReversed().map(evidence),
          openIncident(aFinding({ dedupKey: 'first' }), NOW, true),
        );
        expect(there.scoreBits).toBeCloseTo(back.scoreBits, 9);
        expect(there.lastEventAt).toBeGreaterThanOrEqual(NOW);
      }),
    );
  });

  it('the version grows with every change that people can see', () => {
    fc.assert(
      fc.property(fc.array(anyChange, { maxLength: 20 }), (changes) => {
        let incident = opened();
        for (const change of changes) {
          const next = transition(incident, change);
          expect(next.version).toBe(next === incident ? incident.version : incident.version + 1);
          incident = next;
        }
      }),
    );
  });
});
