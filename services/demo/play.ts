import type { KeyId } from '../../detectors/event.ts';
import type { FakeGateway } from './fake-gateway.ts';
import { historyBodies } from './history.ts';
import { STORY_KEYS, THEFT, usualCalls } from './story.ts';

const HISTORY_DAYS = 10;
const HOUR_DAYS = 1 / 24;
const THIEF_EVERY_MS = 700;
const CALLS_BEFORE_REPORT = 5;
const MORE_TRIES = 6;
const THIEF_GIVES_UP_MS = 60_000;
/** How long the proof may take to show after the first denial. */
const PROOF_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 250;
const TRAFFIC_EVERY_MS = 1_000;

export interface Incident {
  incident_id: string;
  severity: string;
  containment: string;
  title: string;
  usd_lost: number;
}

/** What the play needs of the gatewatch it is played before. */
export interface Stage {
  gateway: FakeGateway;
  takeHistory(body: Buffer): Promise<unknown>;
  /** Whether everything taken in so far has been judged. */
  isCaughtUp(): Promise<boolean>;
  reportLeak(keyId: KeyId, foundAt: string): Promise<unknown>;
  newestIncident(keyId: KeyId): Promise<Incident | undefined>;
  say: (line: string) => void;
  now: () => number;
  /** Rejects when the play is stopped. */
  pause(ms: number): Promise<void>;
  /** Ends the play, and the traffic that goes on after it. */
  signal: AbortSignal;
}

export interface Outcome {
  keyId: KeyId;
  incident: Incident | undefined;
  served: number;
  /** From the report to the first call that was refused; undefined if none was. */
  caughtAfterMs: number | undefined;
}

type Keys = ReadonlyMap<string, { key: string; keyId: KeyId }>;

/** Days of usual calls, then a stolen key: reported, used, blocked, and the block proven by a refusal. */
export async function play(stage: Stage): Promise<Outcome> {
  const keys = makeKeys(stage.gateway);
  await teach(stage);
  startTraffic(stage, keys);
  return steal(stage, keys);
}

function makeKeys(gateway: FakeGateway): Keys {
  return new Map(
    STORY_KEYS.map(({ alias, team, user }) => [alias, gateway.createKey({ alias, team, user })]),
  );
}

async function teach(stage: Stage): Promise<void> {
  const { gateway, say, now } = stage;
  let total = 0;
  for (const { body, calls } of historyBodies(gateway.keys, now(), HISTORY_DAYS)) {
    await stage.takeHistory(body);
    total += calls;
  }
  say(
    `${HISTORY_DAYS} days of usual traffic: ${total} calls of ${STORY_KEYS.length} keys are read and learned from.`,
  );
  await until(stage, THIEF_GIVES_UP_MS, () => stage.isCaughtUp());
}

/** The usual traffic of the hour; it goes on after the play. */
function startTraffic({ gateway, now, signal }: Stage, keys: Keys): void {
  let playedUntil = now();
  const timer = setInterval(() => {
    const time = now();
    for (const call of usualCalls(time, HOUR_DAYS).filter(({ endAt }) => endAt > playedUntil)) {
      gateway.call(keys.get(call.alias)?.key, { ...call, durationMs: 900 });
    }
    playedUntil = time;
  }, TRAFFIC_EVERY_MS).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}

async function steal(stage: Stage, keys: Keys): Promise<Outcome> {
  const { say } = stage;
  const stolen = keys.get(THEFT.alias);
  if (stolen === undefined) throw new RangeError('The stolen key is not in the story.');
  const calls = await useIt(stage, stolen);
  if (calls.caughtAfterMs === undefined) {
    say(`The key still works after ${calls.served} calls: this should not happen.`);
    return { ...calls, keyId: stolen.keyId, incident: undefined };
  }
  say(
    `Call ${calls.served + 1} is refused by the gateway, ${(calls.caughtAfterMs / 1000).toFixed(1)} s after the report: the key is blocked.`,
  );
  knockOn(stage, stolen.key);
  let incident: Incident | undefined;
  await until(stage, PROOF_WITHIN_MS, async () => {
    incident = await stage.newestIncident(stolen.keyId);
    return incident?.containment === 'verified';
  });
  if (incident !== undefined)
    say(
      `Incident "${incident.title}": ${incident.severity}, containment ${incident.containment}, $${incident.usd_lost.toFixed(2)} lost.`,
    );
  return { ...calls, keyId: stolen.keyId, incident };
}

/** The thief goes on until the door is shut; meanwhile the key is found where he found it. */
async function useIt(
  stage: Stage,
  { key, keyId }: { key: string; keyId: KeyId },
): Promise<Omit<Outcome, 'keyId' | 'incident'>> {
  const { gateway, now, say } = stage;
  say(`A stranger at ${THEFT.ip} uses the key of ${THEFT.alias} with ${THEFT.userAgent}.`);
  const endAt = now() + THIEF_GIVES_UP_MS;
  let reportedAt = 0;
  let served = 0;
  for (; now() < endAt; served += 1) {
    if (served === CALLS_BEFORE_REPORT) {
      say(`${served} calls are served. A scanner finds the key at ${THEFT.foundAt} and reports its SHA-256.`);
      await stage.reportLeak(keyId, THEFT.foundAt);
      reportedAt = now();
    }
    const model = THEFT.models[served % THEFT.models.length] ?? 'gpt-4o';
    const usage = { promptTokens: 6_000, completionTokens: 1_500, costUsd: 0.04, durationMs: 400 };
    const status = gateway.call(key, { ip: THEFT.ip, userAgent: THEFT.userAgent, model, ...usage });
    if (status !== 200) return { served, caughtAfterMs: now() - reportedAt };
    await stage.pause(THIEF_EVERY_MS);
  }
  return { served, caughtAfterMs: undefined };
}

/** A thief does not believe it at once. */
function knockOn({ gateway, signal }: Stage, key: string): void {
  let left = MORE_TRIES;
  const timer = setInterval(() => {
    gateway.call(key, { ip: THEFT.ip, userAgent: THEFT.userAgent, model: THEFT.models[0] });
    left -= 1;
    if (left === 0) clearInterval(timer);
  }, THIEF_EVERY_MS).unref();
  signal.addEventListener('abort', () => clearInterval(timer));
}

async function until(stage: Stage, withinMs: number, isTrue: () => Promise<boolean>): Promise<void> {
  const end = stage.now() + withinMs;
  while (!(await isTrue()) && stage.now() < end) await stage.pause(LOOK_EVERY_MS);
}
