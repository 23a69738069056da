import { DAY_MS, HOUR_MS } from '../call.ts';
import type { Call } from '../call.ts';
import { debugClient, serviceClient } from '../catalog.ts';
import { isWeekend, Life } from './life.ts';
import type { LifeOptions } from './life.ts';
import type { Caller } from '../workload.ts';

interface Visit {
  from: number;
  to: number;
  ips: readonly string[];
  client: string;
  /** Of the calls in that time. */
  share: number;
}

/** A service on a few fixed addresses of a cloud, or in the company's own rooms. */
export class Server extends Life {
  readonly #isOnPremises: boolean;
  readonly #asn: number | undefined;
  readonly #swing: number;
  readonly #calls: number;
  /** Addresses and program from a time on; the newest counts. */
  readonly #eras: { from: number; ips: readonly string[]; client: string }[] = [];
  readonly #visits: Visit[] = [];

  constructor(options: LifeOptions) {
    super(options, 20);
    const { random, organisation, office } = options;
    this.#isOnPremises = random.chance(0.2);
    this.#swing = random.pick([0, 0.3, 0.7]);
    this.#calls = random.pick([0, 0.5, 1, 2]);
    const cloud = organisation.cloud(random);
    this.#asn = cloud.asn;
    const count = 1 + random.int(4);
    const ips = this.#isOnPremises
      ? [office.address(random, 0)]
      : Array.from({ length: count }, () => organisation.machine(random, cloud));
    const client = serviceClient(random);
    this.#eras.push({ from: 0, ips, client });
    this.#planDeployments(ips, client);
    if (this.#isOnPremises) this.#planOfficeMove();
    else this.#planFailover();
    this.#planDebugging();
  }

  callsIn(hour: number): Call[] {
    const { random } = this;
    const { hourOfDay, weekday } = this.localTime(hour);
    const wave = 1 + this.#swing * Math.cos(((hourOfDay - 15) * Math.PI) / 12);
    const share = wave * (isWeekend(weekday) ? 1 - this.#swing / 2 : 1);
    if (!random.chance(Math.min(1, 0.85 * share + 0.1))) return [];
    return this.workload.calls(hour, 1 + random.poisson(this.#calls * share), share, (ts) =>
      this.callerAt(ts),
    );
  }

  callerAt(ts: number): Caller {
    const { random } = this;
    const visit = this.#visits.find(({ from, to }) => ts >= from && ts < to);
    const era = this.#eras.findLast(({ from }) => ts >= from) ?? this.#eras[0];
    const one = visit !== undefined && random.chance(visit.share) ? visit : era;
    return { ip: random.pick(one?.ips ?? ['']), client: one?.client ?? '' };
  }

  /** New machines in the same cloud, another cloud, another program. */
  #planDeployments(ips: readonly string[], client: string): void {
    const { random, organisation } = this;
    const { startAt, endAt } = organisation.weather;
    let era = { from: 0, ips, client };
    for (let at = startAt; at < endAt;) {
      at += -30 * DAY_MS * Math.log(1 - random.next());
      const what = random.weighted([
        ['new machine', this.#isOnPremises ? 0 : 6],
        ['new program', 1.5],
        ['other cloud', 0.8],
      ] as const);
      era = { ...era, from: at };
      if (what === 'new machine') era.ips = [...era.ips.slice(1), this.#sameCloud()];
      if (what !== 'new machine' && (what === 'new program' || random.chance(0.1)))
        era.client = serviceClient(random);
      if (what === 'other cloud') {
        const cloud = organisation.cloud(random, this.#asn);
        const next = Array.from(era.ips, () => organisation.machine(random, cloud));
        const together = random.between(0, 3) * DAY_MS;
        this.#visits.push({ from: at, to: at + together, ips: era.ips, client: era.client, share: 0.5 });
        era.ips = next;
      }
      this.#eras.push(era);
      this.happenings.add(what, at, at + 3 * DAY_MS);
    }
  }

  #sameCloud(): string {
    const { random, organisation } = this;
    const cloud = organisation.book.system(this.#asn ?? 0) ?? organisation.cloud(random);
    return organisation.machine(random, cloud);
  }

  #planFailover(): void {
    const { random, organisation } = this;
    if (!random.chance(0.04)) return;
    const { startAt, endAt } = organisation.weather;
    const from = random.between(startAt, endAt);
    const to = from + random.between(2, 48) * HOUR_MS;
    const cloud = organisation.book.system(this.#asn ?? 0) ?? organisation.cloud(random);
    const ips = [organisation.book.address(random, cloud), organisation.book.address(random, cloud)];
    this.#visits.push({ from, to, ips, client: this.#eras[0]?.client ?? '', share: 0.9 });
    this.happenings.add('failover', from, to);
  }

  #planOfficeMove(): void {
    const { movesAt } = this.office;
    const first = this.#eras[0];
    if (first === undefined || movesAt > this.organisation.weather.endAt) return;
    const ips = [this.office.address(this.random, movesAt)];
    for (const era of this.#eras) if (era.from >= movesAt) era.ips = ips;
    const before = this.#eras.findLast(({ from }) => from < movesAt) ?? first;
    this.#eras.push({ from: movesAt, ips, client: before.client });
    this.#eras.sort((a, b) => a.from - b.from);
    this.happenings.add('office move', movesAt, movesAt + 3 * DAY_MS);
  }

  /** Somebody takes the key to their desk to find a bug. */
  #planDebugging(): void {
    const { random, organisation, office } = this;
    const { book, weather } = organisation;
    if (!random.chance(0.12)) return;
    const from = random.between(weather.startAt, weather.endAt);
    const to = from + random.between(0.3, 5) * HOUR_MS;
    const atHome = book.address(random, book.pick(random, 'isp', office.country));
    const ip = random.chance(0.6) ? office.address(random, from) : atHome;
    this.#visits.push({ from, to, ips: [ip], client: debugClient(random), share: 0.5 });
    this.happenings.add('debugging from a desk', from, to);
  }
}
