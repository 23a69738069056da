import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Event } from '../../detectors/event.ts';
import { AppError } from '../errors.ts';
import type { GatewayFormat, Unreadable } from '../gateways/gateway.ts';
import type { Metrics } from '../metrics.ts';
import { encodeEvent } from '../topics.ts';
import type { Rejected } from '../topics.ts';
import type { OutRecord, Transport } from '../transports/transport.ts';
import { chooseGateway } from './gateway-name.ts';
import type { NamedGateway } from './gateway-name.ts';
import { readRecords } from './records.ts';
import type { ReadRecord } from './records.ts';

/** Work between two turns of the event loop. */
const TURN_MS = 4;
/** Events written at once; a body of tiny records must not become a heap of large events. */
const EVENTS_PER_APPEND = 2_000;
/** Of a body of nothing but junk, so many records are told of one by one; the others are counted. */
const MAX_REJECTED_KEPT = 1_000;
const MAX_ERRORS_SHOWN = 100;
/** Reasons that do not mean that the body is something else than a log. */
const READ_ALL_THE_SAME: ReadonlySet<string> = new Set(['null_record', 'clock_out_of_range']);

export interface TakeOptions {
  /** Name of the gateway as the sender gives it; may be left out where only one can be meant. */
  gateway?: string | undefined;
  /** Recorded traffic brought in afterwards, however old: it teaches, but never acts and never pages. */
  isImport?: boolean | undefined;
}

export interface Taken {
  accepted: number;
  duplicates: number;
  rejected: number;
  /** The first hundred. */
  errors: { index: number; code: string }[];
}

export interface Ingest {
  formats: readonly string[];
  /** Takes one body; resolves when all of it is durable. Throws `E_UNKNOWN_FORMAT`, `E_BAD_REQUEST`,
   *  `E_NOTHING_READABLE` or `E_TRANSPORT_UNAVAILABLE`. */
  take(format: string, body: Buffer, options?: TakeOptions): Promise<Taken>;
}

export interface IngestDeps {
  formats: ReadonlyMap<string, GatewayFormat>;
  /** The gateways of the settings: events are stamped with one of these names. */
  gateways: readonly NamedGateway[];
  transport: Transport;
  metrics: Metrics;
  now: () => number;
}

export function createIngest(deps: IngestDeps): Ingest {
  const formatNames = [...deps.formats.keys()];
  return {
    formats: formatNames,
    async take(formatName, body, { gateway, isImport = false } = {}) {
      const format = deps.formats.get(formatName);
      if (format === undefined) {
        const known = formatNames.join(', ');
        throw new AppError('E_UNKNOWN_FORMAT', `There is no such format. Known: ${known}.`);
      }
      const source = chooseGateway(deps.gateways, formatName, gateway);
      return new Intake(deps, format, source).take(body, isImport);
    },
  };
}

/** One body on its way into the topics. */
class Intake {
  readonly #deps: IngestDeps;
  readonly #format: GatewayFormat;
  readonly #gateway: string;
  readonly #now: number;
  readonly #taken: Taken = { accepted: 0, duplicates: 0, rejected: 0, errors: [] };
  #events: OutRecord[] = [];
  #rejected: Rejected[] = [];
  #first: Rejected | undefined;
  #isReadable = false;
  #index = 0;

  constructor(deps: IngestDeps, format: GatewayFormat, gateway: string) {
    this.#deps = deps;
    this.#format = format;
    this.#gateway = gateway;
    this.#now = deps.now();
  }

  async take(body: Buffer, isImport: boolean): Promise<Taken> {
    this.#deps.metrics.ingestBytes.inc({ format: this.#format.name }, body.length);
    const settings = { gateway: this.#gateway, now: this.#now, isImport };
    let turnEnds = performance.now() + TURN_MS;
    for (const record of readRecords(this.#format, body, settings)) {
      if ('code' in record.result) this.#reject(body, record, record.result);
      else this.#events.push(eventRecord(record.result));
      this.#index += 1;
      if (this.#events.length >= EVENTS_PER_APPEND) await this.#append();
      if (performance.now() < turnEnds) continue;
      await nextTurn();
      turnEnds = performance.now() + TURN_MS;
    }
    await this.#append();
    if (!this.#isReadable) throw new AppError('E_NOTHING_READABLE', nothingReadable(this.#first));
    return this.#taken;
  }

  #reject(body: Buffer, { start, end }: ReadRecord, { code, reason }: Unreadable): void {
    const taken = this.#taken;
    const format = this.#format.name;
    this.#deps.metrics.recordsRejected.inc({ format, code });
    taken.rejected += 1;
    if (taken.errors.length < MAX_ERRORS_SHOWN) taken.errors.push({ index: this.#index, code });
    if (READ_ALL_THE_SAME.has(code)) this.#isReadable = true;
    if (taken.rejected > MAX_REJECTED_KEPT) return;
    const bytes = body.subarray(start, end);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const rejected: Rejected = {
      at: this.#now,
      gateway: this.#gateway,
      format,
      code,
      reason,
      index: this.#index,
      sizeBytes: bytes.length,
      sha256,
    };
    this.#first ??= rejected;
    this.#rejected.push(rejected);
  }

  async #append(): Promise<void> {
    const { transport, metrics } = this.#deps;
    const labels = { format: this.#format.name };
    const events = this.#events;
    const rejected = this.#rejected;
    this.#events = [];
    this.#rejected = [];
    if (events.length > 0) this.#isReadable = true;
    const [{ appended, duplicates }] = await Promise.all([
      transport.append('events', events, { dropDuplicates: true }),
      transport.append('rejected', rejected.map(rejectedRecord)),
    ]);
    metrics.eventsAccepted.inc(labels, appended);
    metrics.eventsDuplicate.inc(labels, duplicates.length);
    this.#taken.accepted += appended;
    this.#taken.duplicates += duplicates.length;
  }
}

function nothingReadable(first: Rejected | undefined): string {
  if (first === undefined) return 'The body is empty. Send one JSON object, an array of them, or one a line.';
  return `No record of the body could be read; the first one is ${first.code}: ${first.reason}`;
}

/** Calls without a key are spread by their own id, so that no partition gets all of them. A caller may choose the id of
 *  a call, so its times belong to what a repeat is recognised by: or a thief would hide behind one id for all calls. */
function eventRecord(event: Event): OutRecord {
  return {
    key: event.keyId === '' ? event.eventId : event.keyId,
    id: `${event.gateway}/${event.eventId}/${event.ts}-${event.durationMs}`,
    value: encodeEvent(event),
  };
}

function rejectedRecord(rejected: Rejected): OutRecord {
  return { key: rejected.gateway, id: rejected.sha256, value: JSON.stringify(rejected) };
}
