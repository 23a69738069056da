import { createHash } from 'node:crypto';
import type { Line } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { Command, Finding } from '../../services/topics.ts';

export const NOW = Date.UTC(2026, 2, 3, 10, 15);

/** The id of the n-th invented key. */
export function aKeyId(number = 0): KeyId {
  return createHash('sha256').update(`key-${number}`).digest('hex') as KeyId;
}

export function line(family: Line['family'], bits: number, changes: Partial<Line> = {}): Line {
  const feature = `new-${family}`;
  return { family, feature, observed: 'x', normal: 'y', bits, text: `Unusual ${family}.`, ...changes };
}

/** Three independent families, well over ten bits. */
export const THREE_FAMILIES = [line('network', 7), line('client', 4), line('concurrency', 3)];

/** A finding about a key as detect hands it on; name only what the story is about. */
export function aFinding(changes: Partial<Finding> & { dedupKey?: string } = {}): Finding {
  const ts = changes.ts ?? NOW;
  const entity = changes.entity ?? { type: 'key', keyId: aKeyId() };
  const detector = changes.detector ?? 'new-party';
  const dedupKey = changes.dedupKey ?? 'party';
  const about = JSON.stringify([detector, entity, dedupKey]);
  return {
    detector,
    kind: 'leaked_key',
    entity,
    dedupKey,
    ts,
    lines: [line('network', 7), line('client', 2)],
    certainty: undefined,
    indicators: [`ip:192.0.2.${Math.abs(ts) % 250}`],
    firstEventAt: ts,
    events: 1,
    usdLost: 0,
    usdPerHour: 0,
    gateway: 'litellm',
    keyAlias: 'search-prod',
    team: 'team-search',
    user: 'dana',
    findingId: `fnd_${createHash('sha256').update(about).digest('hex').slice(0, 20)}`,
    receivedAt: ts,
    isImport: false,
    ...changes,
  };
}

/** Evidence that needs no weighing. */
export function aCertainFinding(changes: Partial<Finding> = {}): Finding {
  return aFinding({
    detector: 'leak-in-use',
    dedupKey: 'leak',
    certainty: 'leak-in-use',
    lines: [line('leak', 20)],
    ...changes,
  });
}

let commands = 0;

export function aCommand(
  incidentId: string,
  command: (Command & { type: 'incident' })['command'],
  changes: Partial<Command & { type: 'incident' }> = {},
): Command & { type: 'incident' } {
  commands += 1;
  return {
    type: 'incident',
    commandId: `cmd_${commands}`,
    at: NOW,
    incidentId,
    command,
    verdict: undefined,
    note: '',
    actor: 'dana',
    ...changes,
  };
}

export function aFreeze(on: boolean): Command {
  commands += 1;
  return { type: 'freeze', commandId: `cmd_${commands}`, at: NOW, on, actor: 'dana' };
}

export function anObservation(outcome: 'success' | 'denied', startedAt: number, keyId = aKeyId()): Command {
  commands += 1;
  const eventId = `call-${commands}`;
  const commandId = `obs_${eventId}`;
  return {
    type: 'observed',
    commandId,
    at: startedAt,
    keyId,
    eventId,
    outcome,
    startedAt,
    endedAt: startedAt,
  };
}
