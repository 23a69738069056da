import type { Context, Core, Line, Network } from '../../detectors/detector.ts';
import type { Event } from '../../detectors/event.ts';
import type { Enricher } from '../enrichment/enricher.ts';
import type { GatewayFormat, Unreadable } from '../gateways/gateway.ts';
import type { Finding } from '../topics.ts';
import { ClockGuard } from './clock-guard.ts';
import { readEvents } from './read-events.ts';
import type { Piece } from './read-records.ts';
import { RecentIds } from './recent-ids.ts';
import { StreamJudge } from './stream-judge.ts';

export interface ExplainDeps {
  format: GatewayFormat;
  gateway: string;
  core: Core;
  enricher: Enricher;
  /** Id or alias of the only key to be shown. All keys teach. */
  key: string | undefined;
  print(text: string): void;
}

/** Says record by record what each step makes of it: parsed or dropped, looked up, judged. */
export class Explain {
  readonly #deps: ExplainDeps;
  readonly #judge: StreamJudge;
  readonly #guard = new ClockGuard();
  readonly #ids = new RecentIds();
  readonly #dropped = new Map<string, number>();
  #record = 0;
  #parsed = 0;
  #shown = 0;

  constructor(deps: ExplainDeps) {
    this.#deps = deps;
    this.#judge = new StreamJudge(deps.core, deps.enricher);
  }

  take(piece: Piece): void {
    for (const result of readEvents(piece, this.#deps.format, this.#deps.gateway)) {
      for (const one of this.#guard.take(result)) this.#takeOne(one);
    }
  }

  finish(): string {
    for (const one of this.#guard.finish()) this.#takeOne(one);
    this.#printOfTime(this.#judge.passTime());
    const dropped = [...this.#dropped].map(([code, count]) => `${code} ${count}`).join(', ');
    return `${this.#record} records: ${this.#parsed} parsed, ${this.#record - this.#parsed} dropped${dropped === '' ? '' : ` (${dropped})`}; ${this.#shown} shown`;
  }

  #takeOne(result: Event | Unreadable): void {
    this.#record += 1;
    if ('code' in result) this.#drop(result.code, result.reason);
    else if (this.#ids.add(result.eventId)) this.#takeEvent(result);
    else this.#drop('duplicate', `The call ${result.eventId} came before.`);
  }

  #drop(code: string, reason: string): void {
    this.#dropped.set(code, (this.#dropped.get(code) ?? 0) + 1);
    if (this.#deps.key === undefined) this.#deps.print(`#${this.#record} dropped: ${code}. ${reason}`);
  }

  #takeEvent(event: Event): void {
    this.#parsed += 1;
    const { context, findings, ofTime = [] } = this.#judge.take(event);
    if (this.#isWanted(event.keyId, event.keyAlias)) {
      this.#shown += 1;
      const title = `#${this.#record} parsed: ${timeText(event.ts)} ${event.outcome} ${callText(event)}`;
      const signals = findings.length === 0 ? ['  no signal'] : findings.flatMap(signalText);
      this.#deps.print(
        [title, `  key       ${keyText(event)}`, lookedUpText(event, context), ...signals].join('\n'),
      );
    }
    this.#printOfTime(ofTime);
  }

  /** Signals that the passing of time raised, for teams and for keys. */
  #printOfTime(findings: readonly Finding[]): void {
    for (const finding of findings) {
      const { entity, keyAlias } = finding;
      const isWanted =
        entity.type === 'key' ? this.#isWanted(entity.keyId, keyAlias) : this.#deps.key === undefined;
      if (isWanted)
        this.#deps.print([`  ${timeText(finding.ts)} by time`, ...signalText(finding)].join('\n'));
    }
  }

  #isWanted(keyId: string, keyAlias: string): boolean {
    const { key } = this.#deps;
    return key === undefined || key === keyId || key === keyAlias;
  }
}

function timeText(at: number): string {
  return new Date(at).toISOString();
}

function callText({ model, callType, totalTokens, costUsd, errorCode }: Event): string {
  const error = errorCode === '' ? '' : ` (${errorCode})`;
  return `${model === '' ? callType : model}, ${totalTokens} tokens, $${costUsd.toFixed(6)}${error}`;
}

function keyText({ keyId, keyAlias, team, user, client, clientMajor }: Event): string {
  const named = (name: string, value: string) => (value === '' ? '' : `, ${name} ${value}`);
  const key = keyId === '' ? 'none presented' : keyId;
  return `${key}${named('alias', keyAlias)}${named('team', team)}${named('user', user)}${named('client', `${client} ${clientMajor}`.trim())}`;
}

function lookedUpText({ ip, ipTrust }: Event, { place, network }: Context): string {
  if (ip === '') return '  enriched  no usable address: neither place nor network';
  const where = place === undefined ? 'no place' : [place.country, place.city].filter(Boolean).join(' ');
  return `  enriched  ${ip} (trust ${ipTrust}): ${where}, ${network === undefined ? 'no network' : networkText(network)}`;
}

function networkText({ asn, organisation, class: networkClass, source }: Network): string {
  const owner = asn === 0 ? 'network of nobody known' : `AS${asn} ${organisation}`;
  return `${owner} (${networkClass}, by ${source})`;
}

function signalText({ detector, entity, kind, certainty, lines }: Finding): string[] {
  const bits = lines.reduce((sum, line) => sum + line.bits, 0);
  const certain = certainty === undefined ? '' : `, certain: ${certainty}`;
  return [
    `  signal    ${detector} (${kind}, ${entity.type}): ${bits.toFixed(1)} bits${certain}`,
    ...lines.map(lineText),
  ];
}

function lineText({ family, feature, bits, observed, normal }: Line): string {
  const usual = normal === '' ? '' : `; normal: ${normal}`;
  return `    ${bits.toFixed(1).padStart(6)}  ${family}/${feature}: ${observed}${usual}`;
}
