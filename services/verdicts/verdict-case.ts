import { z } from 'zod';
import { KINDS, NETWORK_CLASSES } from '../../detectors/detector.ts';
import type { Context } from '../../detectors/detector.ts';
import { IP_TRUSTS, OUTCOMES } from '../../detectors/event.ts';
import type { Event, KeyId } from '../../detectors/event.ts';
import { AppError } from '../errors.ts';
import { SEVERITIES } from '../incidents/incident.ts';
import { parseJson } from '../json-text.ts';

/** Grows when a reader of before would misread a case. */
const VERSION = 1;

const keyId = z.string().transform((text) => text as KeyId);
const severity = z.enum(SEVERITIES);
const fact = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('leak'),
    keyId,
    at: z.number(),
    source: z.string(),
    url: z.string(),
    foundAt: z.number(),
    isVerified: z.boolean(),
  }),
  z.object({ type: z.literal('canary'), keyId, at: z.number(), place: z.string(), gateway: z.string() }),
]);

/** What the events of a case lead to, told to people or not. */
const shown = z.object({
  /** Worst that people are told; null: they are told nothing. */
  severity: severity.nullable(),
  wouldBlock: z.boolean(),
  detectors: z.array(z.string()),
});
export type Shown = z.infer<typeof shown>;

const head = z.object({
  version: z.literal(VERSION),
  incidentId: z.string(),
  verdict: z.enum(['attack', 'ours', 'planned']),
  at: z.number(),
  keyId,
  kind: z.enum(KINDS),
  severity,
  title: z.string(),
  /** What the exclusion of a benign verdict is about. */
  indicators: z.array(z.string()),
  /** First and last event of the story, event time. */
  from: z.number(),
  to: z.number(),
  learningDays: z.number(),
  facts: z.array(fact),
  /** By these events alone, when the case was made. */
  shown,
});
export type CaseHead = z.infer<typeof head>;

const count = z.coerce.number().min(0);
/** A row of the table `events`, with its time as epoch milliseconds. */
const row = z.object({
  at: z.coerce.number(),
  event_id: z.string(),
  gateway: z.string(),
  key_id: keyId,
  key_alias: z.string(),
  team: z.string(),
  team_alias: z.string(),
  user: z.string(),
  end_user_hash: z.string(),
  ip: z.string(),
  ip_trust: z.enum(IP_TRUSTS),
  client: z.string(),
  client_major: z.string(),
  user_agent: z.string(),
  model: z.string(),
  provider: z.string(),
  call_type: z.string(),
  status: z.enum(['success', 'failure']),
  outcome: z.enum(OUTCOMES),
  error_code: z.string(),
  prompt_tokens: count,
  completion_tokens: count,
  cached_tokens: count,
  total_tokens: count,
  max_tokens: count,
  cost_usd: count,
  duration_ms: count,
  trace_id: z.string(),
  country: z.string(),
  city: z.string(),
  asn: count,
  as_org: z.string(),
  network_class: z.union([z.enum(NETWORK_CLASSES), z.literal('')]),
});
export type CaseRow = z.infer<typeof row>;

/** Columns of `events` that a case keeps. */
export const CASE_COLUMNS = Object.keys(row.shape).filter((name) => name !== 'at');

/** The events of one key around an incident that people judged, and what they said: to be judged again by any later
 *  version. One line about the case, then one line for each event, oldest first. */
export interface VerdictCase extends CaseHead {
  rows: readonly CaseRow[];
}

export function writeCase({ rows, ...about }: VerdictCase): string {
  return [about, ...rows].map((line) => `${JSON.stringify(line)}\n`).join('');
}

export function readCase(text: string, file: string): VerdictCase {
  const [first = '', ...lines] = text.split('\n').filter((line) => line !== '');
  const about = head.safeParse(parseJson(first));
  const rows = z.array(row).safeParse(lines.map((line) => parseJson(line)));
  if (!about.success || !rows.success) {
    throw new AppError(
      'E_NOTHING_READABLE',
      `${file} is no case of a verdict that this version can read. Remove it, or name another file.`,
    );
  }
  return { ...about.data, rows: rows.data };
}

export function parseRows(rows: readonly unknown[]): CaseRow[] {
  return z.array(row).parse(rows);
}

export function eventOf(one: CaseRow): Event {
  return {
    eventId: one.event_id,
    gateway: one.gateway,
    ts: one.at,
    durationMs: one.duration_ms,
    receivedAt: one.at,
    keyId: one.key_id,
    keyAlias: one.key_alias,
    team: one.team,
    teamAlias: one.team_alias,
    user: one.user,
    endUserHash: one.end_user_hash,
    ip: one.ip,
    ipTrust: one.ip_trust,
    client: one.client,
    clientMajor: one.client_major,
    userAgent: one.user_agent,
    model: one.model,
    provider: one.provider,
    callType: one.call_type,
    status: one.status,
    outcome: one.outcome,
    errorCode: one.error_code,
    promptTokens: one.prompt_tokens,
    completionTokens: one.completion_tokens,
    cachedTokens: one.cached_tokens,
    totalTokens: one.total_tokens,
    maxTokens: one.max_tokens,
    costUsd: one.cost_usd,
    traceId: one.trace_id,
    isImport: false,
  };
}

/** A row says the country and not where in it, so that no distance follows from it. */
const ANYWHERE = { latitude: 0, longitude: 0, radiusKm: 20_000 };

/** What was looked up for the address when the event came in; today's data may say something else. */
export function contextOf({ ip, country, city, asn, as_org, network_class: kind }: CaseRow): Context {
  const network = { asn, organisation: as_org, prefix: prefixOf(ip), source: 'case' };
  return {
    place: country === '' ? undefined : { country, city, ...ANYWHERE },
    network: kind === '' ? undefined : { ...network, class: kind },
  };
}

/** IPv4 /24 or IPv6 /48. */
function prefixOf(ip: string): string {
  if (!ip.includes(':')) return `${ip.split('.').slice(0, 3).join('.')}.0/24`;
  const [left = ''] = ip.split('::');
  const groups = [...left.split(':'), '0', '0', '0'].map((group) => (group === '' ? '0' : group));
  return `${groups.slice(0, 3).join(':')}::/48`;
}
