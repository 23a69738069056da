import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDesk } from '../../../../services/respond/desk/desk.ts';
import type { Desk } from '../../../../services/respond/desk/desk.ts';
import { FAILURE_CODES } from '../../../../services/respond/desk/effects.ts';
import type { ActionResult, Effect, PlannedAction } from '../../../../services/respond/desk/effects.ts';
import { COMMAND_NAMES } from '../../../../services/topics.ts';
import type { Command, Finding } from '../../../../services/topics.ts';
import { NOW, THREE_FAMILIES, aCertainFinding, aFinding, aKeyId } from '../../../support/findings.ts';

const MINUTE = 60_000;
const CAPS = { per10min: 2, perHour: 4, perDay: 5, fleetPercent: 50, teamPercent: 60 };
const FLEET = {
  activeKeys: 12,
  keysByTeam: new Map([
    ['red', 6],
    ['blue', 6],
  ]),
};

function aDesk(): Desk {
  const desk = createDesk({
    mode: 'enforce',
    caps: CAPS,
    protectedKeys: [aKeyId(0)],
    graceMs: 24 * 60 * MINUTE,
    publicUrl: 'https://gatewatch.example.com',
    simulate: false,
  });
  desk.setFleet(FLEET);
  return desk;
}

/** What may happen next; numbers are resolved against the desk when it does. */
type Step =
  | { do: 'finding'; key: number; story: number; isCertain: boolean; afterMs: number; isOld: boolean }
  | { do: 'command'; command: (typeof COMMAND_NAMES)[number]; incident: number; afterMs: number }
  | { do: 'freeze'; on: boolean; afterMs: number }
  | { do: 'result'; action: number; outcome: 'sent' | 'accepted' | 'failed' | 'refused'; afterMs: number }
  | { do: 'observed'; key: number; outcome: 'success' | 'denied'; afterMs: number }
  | { do: 'tick'; afterMs: number };

const key = fc.nat({ max: 11 });
const afterMs = fc.oneof(fc.nat({ max: 5_000 }), fc.nat({ max: 20 * MINUTE }));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('finding' as const),
      key,
      story: fc.nat({ max: 2 }),
      isCertain: fc.boolean(),
      afterMs,
      isOld: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      command: fc.constantFrom(...COMMAND_NAMES),
      incident: fc.nat(),
      afterMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('freeze' as const), on: fc.boolean(), afterMs }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('result' as const),
      action: fc.nat(),
      outcome: fc.constantFrom('sent', 'accepted', 'failed', 'refused' as const),
      afterMs,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('observed' as const),
      key,
      outcome: fc.constantFrom('success', 'denied' as const),
      afterMs,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('tick' as const), afterMs }) },
);

/** One input with the time at which it comes. */
type Input = { now: number } & (
  { finding: Finding } | { command: Command } | { result: ActionResult } | { tick: true }
);

function inputOf(desk: Desk, step: Step, now: number, number: number): Input | undefined {
  switch (step.do) {
    case 'finding': {
      const entity = { type: 'key', keyId: aKeyId(step.key) } as const;
      const changes = {
        entity,
        team: step.key % 2 === 0 ? 'red' : 'blue',
        ts: step.isOld ? now - 16 * MINUTE : now,
        events: number,
        keyAlias: `key-${step.key}`,
      };
      const story = `${step.isCertain ? 'leak' : 'party'}-${step.story}`;
      const rest = { ...changes, dedupKey: story, findingId: `fnd_${step.key}_${story}` };
      return {
        now,
        finding: step.isCertain ? aCertainFinding(rest) : aFinding({ ...rest, lines: THREE_FAMILIES }),
      };
    }
    case 'command': {
      const incidents = [...desk.incidents()];
      const incident = incidents[step.incident % Math.max(1, incidents.length)];
      if (incident === undefined) return undefined;
      const { incidentId } = incident;
      const about = {
        commandId: `cmd_${number}`,
        at: now,
        incidentId,
        command: step.command,
        note: '',
        actor: 'dana',
      };
      return { now, command: { type: 'incident', verdict: undefined, ...about } };
    }
    case 'freeze':
      return {
        now,
        command: { type: 'freeze', commandId: `cmd_${number}`, at: now, on: step.on, actor: 'dana' },
      };
    case 'result': {
      const open = desk.openActions();
      const action = open[step.action % Math.max(1, open.length)];
      return action === undefined
        ? undefined
        : { now, result: resultOf(action, step.outcome, now, step.action) };
    }
    case 'observed': {
      const seen = {
        keyId: aKeyId(step.key),
        outcome: step.outcome,
        startedAt: now - 100,
        endedAt: now,
        eventId: `call-${number}`,
      };
      return { now, command: { type: 'observed', commandId: `obs_${number}`, at: now, ...seen } };
    }
    case 'tick':
      return { now, tick: true };
  }
}

function resultOf(
  { actionId }: PlannedAction,
  state: ActionResult['state'],
  at: number,
  pick: number,
): ActionResult {
  if (state === 'sent') return { actionId, state, at, latencyMs: 20 };
  if (state === 'accepted') return { actionId, state, at, effectDeadlineMs: 90_000, note: '' };
  return { actionId, state, at, code: FAILURE_CODES[pick % FAILURE_CODES.length] ?? 'cancelled', note: '' };
}

function apply(desk: Desk, input: Input): Effect[] {
  if ('finding' in input) return desk.applyFinding(input.finding, input.now);
  if ('command' in input) return desk.applyCommand(input.command, input.now);
  if ('result' in input) return desk.actionResult(input.result, input.now);
  return desk.tick(input.now);
}

interface Played {
  desk: Desk;
  inputs: Input[];
  effects: { now: number; effect: Effect }[];
}

/** Plays the steps; `look` sees the desk after each of them. */
function play(
  steps: readonly Step[],
  look: (desk: Desk, effects: readonly Effect[]) => void = () => undefined,
): Played {
  const desk = aDesk();
  const played: Played = { desk, inputs: [], effects: [] };
  let now = NOW;
  for (const [number, step] of steps.entries()) {
    now += step.afterMs;
    const input = inputOf(desk, step, now, number);
    if (input === undefined) continue;
    played.inputs.push(input);
    const effects = apply(desk, input);
    for (const effect of effects) played.effects.push({ now, effect });
    look(desk, effects);
  }
  return played;
}

/** Rows hold incidents as text, and the order of fields in it is nobody's business. */
const doings = (effects: readonly Effect[]) => effects.filter(({ type }) => type !== 'row');

const anySteps = fc.array(anyStep, { minLength: 1, maxLength: 80 });
const runs = { numRuns: 300 };

const within = (blocks: readonly { now: number }[], windowMs: number) =>
  Math.max(
    0,
    ...blocks.map(
      ({ now }) => blocks.filter((other) => other.now <= now && other.now > now - windowMs).length,
    ),
  );

describe('whatever happens, the desk', () => {
  it('never blocks more keys by itself than the caps allow', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { desk, effects } = play(steps);
        const undone = new Set(
          [...desk.incidents()]
            .flatMap(({ actions }) => actions)
            .filter(({ state }) => state === 'refused')
            .map(({ actionId }) => actionId),
        );
        const blocks = effects.flatMap(({ now, effect }) =>
          effect.type === 'act' && effect.action.isAutomatic && !undone.has(effect.action.actionId)
            ? [{ now, action: effect.action }]
            : [],
        );
        expect(within(blocks, 10 * MINUTE)).toBeLessThanOrEqual(CAPS.per10min);
        expect(within(blocks, 60 * MINUTE)).toBeLessThanOrEqual(CAPS.perHour);
        expect(within(blocks, 24 * 60 * MINUTE)).toBeLessThanOrEqual(CAPS.perDay);
        for (const team of ['red', 'blue']) {
          const ofTeam = blocks.filter(({ action }) => action.claims.team === team);
          expect(within(ofTeam, 24 * 60 * MINUTE)).toBeLessThanOrEqual(3);
        }
      }),
      runs,
    );
  });

  it('acts on nothing that it has not audited first', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const audited = new Set<unknown>();
        for (const { effect } of play(steps).effects) {
          if (effect.type === 'audit') audited.add(effect.entry.detail['ref']);
          if (effect.type === 'act') expect(audited).toContain(`${effect.action.actionId}/requested`);
        }
      }),
      runs,
    );
  });

  it('audits no decision twice under the same reference', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const refs = play(steps).effects.flatMap(({ effect }) =>
          effect.type === 'audit' ? [`${effect.entry.action} ${String(effect.entry.detail['ref'])}`] : [],
        );
        expect(new Set(refs).size).toBe(refs.length);
      }),
      runs,
    );
  });

  it('has at most one open action for a key and kind', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        play(steps, (desk) => {
          const open = desk.openActions().map(({ keyId, kind }) => `${kind} ${keyId}`);
          expect(new Set(open).size).toBe(open.length);
        });
      }),
      runs,
    );
  });

  it('never acts by itself on a protected key, nor while it is frozen', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        play(steps, (desk, effects) => {
          for (const effect of effects) {
            if (effect.type !== 'act' || !effect.action.isAutomatic) continue;
            expect(effect.action.keyId).not.toBe(aKeyId(0));
            expect(desk.isFrozen()).toBe(false);
          }
        });
      }),
      runs,
    );
  });

  it('blocks nothing by itself without telling people within 15 seconds', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { desk, effects } = play(steps);
        const end = (effects.at(-1)?.now ?? NOW) + 15_000;
        const all = [...effects.map(({ effect }) => effect), ...desk.tick(end)];
        const told = new Set(
          all.flatMap((effect) =>
            effect.type === 'notify' ? [effect.notification.incident?.incidentId] : [],
          ),
        );
        for (const effect of all) {
          if (effect.type !== 'act' || !effect.action.isAutomatic) continue;
          expect(told).toContain(effect.action.incidentId);
        }
      }),
      runs,
    );
  });

  it('plans no action and sends no message twice', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const ids = play(steps).effects.flatMap(({ effect }) => {
          if (effect.type === 'act') return [effect.action.actionId];
          return effect.type === 'notify' ? [effect.notification.notificationId] : [];
        });
        expect(new Set(ids).size).toBe(ids.length);
      }),
      runs,
    );
  });

  it('does nothing new when the same input comes again', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        const { desk, inputs } = play(steps);
        const last = inputs.at(-1);
        if (last === undefined) return;
        const again = apply(desk, last).filter(
          ({ type }) => type === 'act' || type === 'notify' || type === 'audit',
        );
        expect(again).toEqual([]);
      }),
      runs,
    );
  });

  it('has one open incident at most for an entity', () => {
    fc.assert(
      fc.property(anySteps, (steps) => {
        play(steps, (desk) => {
          const open = [...desk.incidents()]
            .filter(({ status }) => status !== 'resolved')
            .map(({ keyId }) => keyId);
          expect(new Set(open).size).toBe(open.length);
        });
      }),
      runs,
    );
  });

  it('decides the same after it was saved and restored at any moment', () => {
    fc.assert(
      fc.property(anySteps, fc.nat(), (steps, cut) => {
        const { inputs } = play(steps);
        const whole = aDesk();
        let other = aDesk();
        for (const [index, input] of inputs.entries()) {
          if (index === cut % inputs.length) {
            const saved = other;
            other = aDesk();
            for (const name of saved.takeChanged()) other.restore(name, saved.save(name) ?? '');
          }
          expect(doings(apply(other, input))).toEqual(doings(apply(whole, input)));
        }
        expect([...other.incidents()]).toEqual([...whole.incidents()]);
      }),
      runs,
    );
  });
});
