import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import { MAX_SINGLES, WINDOW_MS } from '../../services/respond/outboxes/send-window.ts';
import { PATIENT } from '../support/patience.ts';

const OFFICE = '192.0.2.10';
const THIEF = '203.0.113.66';
const TEAMS = 4;

interface Message {
  id: string;
  at: number;
  type: string;
  data: { incident_id?: string; key_id?: string };
}

interface IncidentRow {
  incident_id: string;
  key_id: string;
  containment: string;
  severity: string;
}

/** What gatewatch is, seen from outside, whatever it runs on. */
export interface Target {
  send(path: string, body: unknown): Promise<void>;
  api<T>(path: string, body?: unknown): Promise<T>;
  sql(query: string): Promise<unknown[][]>;
}

/** The gateway with its callers and a thief, and the people who are told. Says afterwards whether anything was lost, or
 *  counted or done twice. */
export class FaultWorld {
  readonly gateway: FakeGateway;
  readonly hookUrl: string;
  readonly #receiver: Server;
  readonly #messages: readonly Message[];
  readonly #random: () => number;
  readonly #quiet: string[];
  readonly #victims: string[] = [];
  #logged = 0;
  #spentUsd = 0;

  private constructor(
    gateway: FakeGateway,
    { receiver, messages }: { receiver: Server; messages: readonly Message[] },
    random: () => number,
  ) {
    this.gateway = gateway;
    this.#receiver = receiver;
    this.#messages = messages;
    this.#random = random;
    const { port } = receiver.address() as AddressInfo;
    this.hookUrl = `http://127.0.0.1:${port.toString()}/hook`;
    this.#quiet = Array.from({ length: 20 }, (_, index) => this.#createKey(`quiet-${index.toString()}`).key);
  }

  static async start(random: () => number): Promise<FaultWorld> {
    const messages: Message[] = [];
    const receiver = createServer((request, response) => {
      let body = '';
      request.on('data', (data: Buffer) => (body += data.toString()));
      request.on('end', () => {
        const message = JSON.parse(body) as Omit<Message, 'id' | 'at'>;
        messages.push({ id: String(request.headers['webhook-id']), at: Date.now(), ...message });
        response.end();
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const gateway = await startFakeGateway({ keyCacheMs: 0 });
    return new FaultWorld(gateway, { receiver, messages }, random);
  }

  async stop(): Promise<void> {
    await this.gateway.close();
    this.#receiver.close();
  }

  /** Ordinary calls, sent on as a good shipper would, while the work lasts. */
  async whileTrafficFlows<Result>(target: Target, work: () => Promise<Result>): Promise<Result> {
    let isOver = false;
    const traffic = this.#traffic(target, () => isOver);
    try {
      return await work();
    } finally {
      isOver = true;
      await traffic;
    }
  }

  /** A key is reported as leaked, and used until the gateway refuses it. */
  async theft(target: Target): Promise<void> {
    const { key, keyId } = this.#createKey(`victim-${this.#victims.length.toString()}`);
    this.#victims.push(keyId);
    this.gateway.call(key, { ip: OFFICE, costUsd: 0.00001 });
    await insist(() => target.send('/v1/leaks', { source: 'scanner', keys: [{ sha256: keyId }] }));
    const until = Date.now() + PATIENT.timeout;
    while (this.gateway.call(key, { ip: THIEF, costUsd: 0.00005 }) === 200) {
      if (Date.now() > until) throw new Error(`The stolen key ${keyId} was not blocked.`);
      await this.ship(target);
      await pause(100);
    }
    await this.ship(target);
  }

  /** Sends what the gateway logged since the last time, again and again until it is taken. */
  async ship(target: Target): Promise<void> {
    const batch = this.gateway.takeRecords();
    this.#logged += batch.length;
    for (const record of batch) this.#spentUsd += Number(record['response_cost']);
    if (batch.length > 0) await insist(() => target.send('/v1/logs/litellm', batch));
  }

  /** Every event once, and the money to the cent. */
  async hasEachEventOnce(target: Target): Promise<void> {
    await vi.waitFor(async () => {
      const [row] = await target.sql(
        'SELECT count(), uniqExact(event_id), round(sum(cost_usd), 6) FROM events',
      );
      expect(row?.map(Number)).toEqual([this.#logged, this.#logged, Number(this.#spentUsd.toFixed(6))]);
    }, PATIENT);
  }

  /** One incident with a proven block for each stolen key, one block at the gateway, and none for others. */
  async hasEachTheftBlocked(target: Target): Promise<void> {
    const wanted = this.#victims.map((keyId) => ({
      ...{ key_id: keyId, containment: 'verified', severity: 'critical' },
    }));
    await vi.waitFor(async () => {
      const { incidents } = await target.api<{ incidents: IncidentRow[] }>('/v1/incidents?limit=100');
      const found = incidents.map(({ key_id, containment, severity }) => ({ key_id, containment, severity }));
      expect(found.sort(byKey)).toEqual([...wanted].sort(byKey));
    }, PATIENT);
    const blocked = this.gateway.adminCalls.filter(({ path }) => path === '/key/block');
    const keys = blocked.map(({ body }) => (body as { key: string }).key);
    expect(new Set(keys)).toEqual(new Set(this.#victims));
  }

  /** Keys that the gateway was told to block more than once. */
  blockedTwice(): string[] {
    const keys = this.gateway.adminCalls
      .filter(({ path }) => path === '/key/block')
      .map(({ body }) => (body as { key: string }).key);
    return keys.filter((key, index) => keys.indexOf(key) !== index);
  }

  /** A message that comes again has the id of the first: a receiver drops it. */
  async toldPeopleOnce(): Promise<void> {
    const toldOf = (keyId: string) =>
      this.#messages.filter(({ data }) => data.key_id === keyId).map(({ type }) => type);
    await vi.waitFor(() => {
      const missing = this.#victims
        .map((keyId, victim) => ({ victim, told: toldOf(keyId) }))
        .filter(({ told }) => !told.includes('incident.contained'));
      // On top of so many, messages wait for the digest of the next ten minutes.
      if (this.#mostMessagesAtOnce() < MAX_SINGLES) expect(missing).toEqual([]);
    }, PATIENT);
    const idsByStep = new Map<string, Set<string>>();
    for (const { id, type, data } of this.#messages) {
      const step = `${type} ${data.incident_id ?? ''}`;
      idsByStep.set(step, (idsByStep.get(step) ?? new Set()).add(id));
    }
    expect([...idsByStep].filter(([, ids]) => ids.size !== 1)).toEqual([]);
  }

  #mostMessagesAtOnce(): number {
    const times = this.#messages.map(({ at }) => at);
    return Math.max(0, ...times.map((end) => times.filter((at) => at <= end && at > end - WINDOW_MS).length));
  }

  #createKey(alias: string): { key: string; keyId: string } {
    const team = `team-${(this.#victims.length % TEAMS).toString()}`;
    return this.gateway.createKey({ alias, team, user: alias });
  }

  async #traffic(target: Target, isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      for (let call = 0; call < 25; call += 1) {
        const key = this.#quiet[Math.floor(this.#random() * this.#quiet.length)];
        const costUsd = Math.floor(this.#random() * 100) / 1_000_000;
        this.gateway.call(key, { ip: OFFICE, costUsd, durationMs: 5 });
      }
      await this.ship(target);
      await pause(50);
    }
  }
}

async function insist(send: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(send, { ...PATIENT, interval: 50 });
}

function byKey(a: { key_id: string }, b: { key_id: string }): number {
  return a.key_id.localeCompare(b.key_id);
}
