import type { Core } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import type { GatewayFormat, Unreadable } from '../gateways/gateway.ts';
import type { Desk } from '../respond/desk/desk.ts';
import type { Effect } from '../respond/desk/effects.ts';
import type { Finding } from '../topics.ts';
import { ClockGuard } from './clock-guard.ts';
import { Fleet } from './fleet.ts';
import { notificationLine } from './notification-line.ts';
import type { NotificationLine } from './notification-line.ts';
import { readEvents } from './read-events.ts';
import type { Piece } from './read-records.ts';
import { RecentIds } from './recent-ids.ts';
import { StreamJudge } from './stream-judge.ts';
import { Tally } from './tally.ts';

const MINUTE_MS = 60_000;
/** The desk's clock passes long silences in at most so many steps. */
const MAX_STEPS = 10_000;

export interface ReplayDeps {
  format: GatewayFormat;
  gateway: string;
  core: Core;
  enricher: Enricher;
  desk: Desk;
  /** Events before it only teach. Epoch milliseconds. */
  since: number;
  onNotification(line: NotificationLine): void;
}

/** Recorded calls through the code that judges live ones, with the stream's own time as the clock and without anything
 *  that acts. Memory is that of the detectors, of the incidents and of the ids of recent calls. */
export class Replay {
  readonly tally = new Tally();
  readonly #deps: ReplayDeps;
  readonly #judge: StreamJudge;
  readonly #guard = new ClockGuard();
  readonly #ids = new RecentIds();
  readonly #fleet = new Fleet();
  #deskClock = 0;

  constructor(deps: ReplayDeps) {
    this.#deps = deps;
    this.#judge = new StreamJudge(deps.core, deps.enricher);
  }

  take(piece: Piece): void {
    for (const result of readEvents(piece, this.#deps.format, this.#deps.gateway)) {
      for (const one of this.#guard.take(result)) this.#takeOne(one);
    }
  }

  /** Says what the end of the stream leaves to be said, and counts the incidents. */
  finish(): void {
    for (const one of this.#guard.finish()) this.#takeOne(one);
    if (this.#judge.now() > 0) this.#passTime(this.#judge.passTime());
    this.tally.close(this.#deps.desk.incidents());
  }

  #takeOne(result: Event | Unreadable): void {
    if ('code' in result) this.tally.rejected(result.code);
    else if (this.#ids.add(result.eventId)) this.#takeEvent(result);
    else this.tally.repeated();
  }

  #takeEvent(event: Event): void {
    this.#fleet.note(event);
    this.tally.event(event, event.ts >= this.#deps.since);
    const { findings, ofTime } = this.#judge.take(event);
    this.#handOn(findings);
    if (ofTime !== undefined) this.#passTime(ofTime);
  }

  #passTime(findings: readonly Finding[]): void {
    const now = this.#judge.now();
    const { desk } = this.#deps;
    this.#handOn(findings);
    if (this.#fleet.isDue(now)) desk.setFleet(this.#fleet.count(now));
    const from = this.#deskClock === 0 ? now : this.#deskClock + MINUTE_MS;
    const step = Math.max(MINUTE_MS, Math.ceil((now - from) / MAX_STEPS));
    for (let at = from; at < now; at += step) this.#apply(desk.tick(at));
    this.#apply(desk.tick(now));
    this.#deskClock = now;
  }

  #handOn(findings: readonly Finding[]): void {
    const now = this.#judge.now();
    if (now < this.#deps.since) return;
    for (const finding of findings) {
      this.tally.finding(finding);
      this.#apply(this.#deps.desk.applyFinding(finding, now));
    }
  }

  #apply(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.type !== 'notify') continue;
      const { incident, at } = effect.notification;
      this.tally.notification(effect.notification);
      if (incident !== undefined) this.#deps.onNotification(notificationLine(at, incident));
    }
  }
}
