import { z } from 'zod';
import { CERTAINTIES, FAMILIES, KINDS, VERDICTS } from '../../detectors/detector.ts';
import { CONTAINMENTS, SEVERITIES, STATUSES } from '../incidents/incident.ts';
import { COMMAND_NAMES } from '../topics.ts';

/** The shapes of the HTTP API, in the words of the tables people query. Times are ISO 8601 texts in UTC, money is US
 *  dollars, empty text means unknown. The page knows this file and nothing else of ours; docs and checks are made
 *  from it. */

const time = z.iso.datetime().describe('ISO 8601, UTC');
const count = z.number().int().nonnegative();

export const SCOPE_NAMES = ['ingest', 'metrics', 'read', 'triage', 'act', 'admin'] as const;
export const MAX_KEYS_PER_REPORT = 10_000;

export const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

// ——— Incidents ———

/** One line of evidence; the bits of all lines add up to `score_bits`. */
export const evidenceLineSchema = z.object({
  detector: z.string(),
  finding_id: z.string(),
  kind: z.enum(KINDS),
  /** Event time at which its detector last spoke. */
  ts: time,
  family: z.enum(FAMILIES),
  feature: z.string(),
  observed: z.string(),
  normal: z.string(),
  bits: z.number(),
  text: z.string(),
  is_weak: z.boolean().describe('it rests on an address that may be forged'),
});
export type EvidenceLine = z.infer<typeof evidenceLineSchema>;

export const actionSchema = z.object({
  action_id: z.string(),
  kind: z.enum(['block', 'restore']),
  state: z.enum(['requested', 'sent', 'accepted', 'verified', 'failed', 'refused', 'simulated']),
  reason: z.string(),
  actor: z.string(),
  requested_at: time,
  sent_at: time.nullable(),
  verified_at: time.nullable(),
});
export type IncidentAction = z.infer<typeof actionSchema>;

export const timelineEntrySchema = z.object({
  at: time,
  change: z.string(),
  actor: z.string(),
  note: z.string(),
});
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;

const incidentHead = {
  incident_id: z.string(),
  opened_at: time,
  updated_at: time,
  closed_at: time.nullable(),
  kind: z.enum(KINDS),
  severity: z.enum(SEVERITIES),
  status: z.enum(STATUSES).describe('where people stand'),
  containment: z.enum(CONTAINMENTS).describe('where the machine stands'),
  verdict: z.enum([...VERDICTS, '']),
  title: z.string(),
  score_bits: z.number(),
  gateway: z.string(),
  key_id: z.string().describe('empty for an incident of a team or a user'),
  key_alias: z.string(),
  team: z.string(),
  user: z.string(),
  first_event_at: time,
  last_event_at: time,
  usd_lost: z.number(),
  usd_per_hour: z.number(),
  events: count,
};

export const incidentSchema = z.object({
  ...incidentHead,
  version: count.describe('grows with each change'),
  entity: z.string().describe('`key:…`, `team:…` or `user:…`'),
  families: z.array(z.enum(FAMILIES)),
  certainty: z.enum(CERTAINTIES).nullable(),
  indicators: z.array(z.string()).describe('`ip:…`, `asn:…`, `client:…`: what the evidence points at'),
  evidence: z.array(evidenceLineSchema),
  actions: z.array(actionSchema),
  decision: z
    .object({
      action: z.enum(['none', 'notify', 'ask', 'block']),
      reason: z.string(),
      next_level: z.string(),
    })
    .describe('why the policy did what it did, and what the next level would have needed'),
});
/** An incident as the list gives it. */
export type Incident = z.infer<typeof incidentSchema>;

export const relatedIncidentSchema = z.object({
  ...incidentHead,
  why: z.array(z.string()).describe('what the two have in common: `team`, `user`, or an indicator'),
});
export type RelatedIncident = z.infer<typeof relatedIncidentSchema>;

export const incidentDetailSchema = incidentSchema.extend({
  timeline: z.array(timelineEntrySchema),
  related: z.array(relatedIncidentSchema),
});
/** An incident with everything there is to know about it. */
export type IncidentDetail = z.infer<typeof incidentDetailSchema>;

export const incidentListSchema = z.object({
  incidents: z.array(incidentSchema),
  next: z.string().nullable().describe('`cursor` of the next page'),
});
export type IncidentList = z.infer<typeof incidentListSchema>;

const listOf = <Values extends readonly [string, ...string[]]>(values: Values) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((given) => [given].flat().flatMap((text) => text.split(',')))
    .pipe(z.array(z.enum(values)).max(20))
    .optional()
    .describe(`one or more of ${values.join(', ')}, separated by commas`);

/** ISO 8601, or a number: epoch seconds, or milliseconds from the year 1973 on. Becomes epoch milliseconds. */
const moment = z
  .string()
  .max(40)
  .transform((text, context) => {
    const number = /^\d{1,14}(\.\d{1,6})?$/.test(text) ? Number(text) : undefined;
    const ms = number === undefined ? Date.parse(text) : number < 1e11 ? number * 1000 : number;
    if (Number.isFinite(ms) && ms >= 0 && ms < 4e12) return Math.round(ms);
    context.issues.push({
      code: 'custom',
      message: 'must be a time, such as 2026-05-04T10:00:00Z',
      input: text,
    });
    return z.NEVER;
  })
  .describe('ISO 8601, or epoch seconds or milliseconds');

const filterText = z.string().max(300).optional();
const page = {
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(600).optional().describe('`next` of the page before'),
};

export const incidentQuerySchema = z.strictObject({
  status: listOf(STATUSES),
  kind: listOf(KINDS),
  severity: listOf(SEVERITIES),
  key_id: filterText,
  team: filterText,
  since: moment.optional(),
  ...page,
});
export type IncidentQuery = z.output<typeof incidentQuerySchema>;

export const commandRequestSchema = z.strictObject({
  command: z.enum(COMMAND_NAMES),
  verdict: z.enum(VERDICTS).optional(),
  note: z.string().max(2_000).default(''),
});
export type CommandRequest = z.input<typeof commandRequestSchema>;

export const commandResponseSchema = z.object({ command_id: z.string() });
export type CommandResponse = z.infer<typeof commandResponseSchema>;

// ——— Events and keys ———

export const eventSchema = z.object({
  ts: time,
  event_id: z.string(),
  gateway: z.string(),
  key_id: z.string(),
  key_alias: z.string(),
  team: z.string(),
  team_alias: z.string(),
  user: z.string(),
  end_user_hash: z.string(),
  ip: z.string(),
  ip_trust: z.string(),
  country: z.string(),
  city: z.string(),
  asn: count,
  as_org: z.string(),
  network_class: z.string(),
  client: z.string(),
  user_agent: z.string(),
  model: z.string(),
  provider: z.string(),
  call_type: z.string(),
  status: z.string(),
  outcome: z.string(),
  error_code: z.string(),
  prompt_tokens: count,
  completion_tokens: count,
  cached_tokens: count,
  total_tokens: count,
  cost_usd: z.number(),
  duration_ms: count,
  trace_id: z.string(),
  received_at: time,
  is_import: z.boolean(),
});
/** One API call at a gateway. */
export type EventRow = z.infer<typeof eventSchema>;

export const eventListSchema = z.object({ events: z.array(eventSchema), next: z.string().nullable() });
export type EventList = z.infer<typeof eventListSchema>;

export const eventQuerySchema = z.strictObject({
  key_id: filterText,
  incident_id: filterText.describe('calls of the incident’s key, team or user from its first event on'),
  team: filterText,
  since: moment.optional(),
  until: moment.optional(),
  ...page,
});

export const keySchema = z.object({
  key_id: z.string(),
  gateway: z.string(),
  key_alias: z.string(),
  team: z.string(),
  user: z.string(),
  first_seen_at: time,
  last_seen_at: time,
  calls: count,
  cost_usd: z.number(),
  is_learning: z.boolean().describe('while true, behaviour alone never blocks'),
});
export type Key = z.infer<typeof keySchema>;

export const leakSchema = z.object({
  type: z.enum(['leak', 'canary']),
  reported_at: time,
  found_at: time,
  source: z.string(),
  url: z.string(),
  is_verified: z.boolean(),
  place: z.string().describe('where a canary was planted'),
});

export const keyDetailSchema = keySchema.extend({
  profile: z
    .record(z.string(), z.unknown())
    .describe('what is normal for the key: shown, never parsed by machines'),
  leaks: z.array(leakSchema),
  incidents: z.array(z.object(incidentHead)).describe('its newest incidents'),
});
export type KeyDetail = z.infer<typeof keyDetailSchema>;

export const keyListSchema = z.object({ keys: z.array(keySchema), next: z.string().nullable() });

export const keyQuerySchema = z.strictObject({
  team: filterText,
  user: filterText,
  gateway: filterText,
  ...page,
});

export const idParamsSchema = z.object({ id: z.string().min(1).max(300) });

// ——— Leaks ———

const sha256 = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be a SHA-256 in hex');

export const leakReportSchema = z.object({
  source: z.string().min(1).max(100),
  keys: z
    .array(
      z.union([
        z.strictObject({ sha256 }),
        z.strictObject({ key: z.string().min(8).max(4_096) }).describe('hashed at once and dropped'),
      ]),
    )
    .min(1)
    .max(MAX_KEYS_PER_REPORT),
  url: z.string().max(2_000).default(''),
  verified: z.boolean().default(true).describe('false if the reporter is not sure'),
  found_at: z.union([z.iso.datetime({ offset: true }), z.number().nonnegative()]).optional(),
});

/** The same for known and unknown keys. */
export const leakResponseSchema = z.object({
  received: count.describe('keys taken in'),
  skipped: count.describe('entries without a usable key, such as redacted ones'),
});

/** GitHub's feedback: which tokens are keys of ours. */
export const githubFeedbackSchema = z.array(
  z.object({
    token_hash: z.string(),
    token_type: z.string(),
    label: z.enum(['true_positive', 'false_positive']),
  }),
);

// ——— SQL ———

const sqlValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

export const sqlRequestSchema = z.strictObject({
  query: z.string().min(1).max(20_000),
  params: z
    .record(z.string().regex(/^[A-Za-z_]\w{0,63}$/), z.union([sqlValue, z.array(sqlValue).max(1_000)]))
    .default({})
    .describe('values for `{name:Type}` in the query'),
  format: z.enum(['json', 'csv']).default('json'),
});

export const ledgerQuerySchema = z.strictObject({
  days: z.coerce.number().int().min(1).max(400).default(28).describe('incidents opened in the last days'),
});

const ledgerRowSchema = z.object({
  detector: z.string(),
  action: z
    .enum(['tell', 'block'])
    .describe('`tell`: every incident it spoke in; `block`: those it would have blocked'),
  rule: z.enum(['', 'certain-evidence', 'three-families']).describe('why it would have blocked'),
  incidents: z.number(),
  would_block: z.number(),
  blocked: z.number().describe('of these, blocked by gatewatch itself'),
  attack: z.number(),
  ours: z.number(),
  planned: z.number(),
  unclear: z.number().describe('closed without a clear verdict, most of them because nothing more came'),
  no_verdict: z.number().describe('still open'),
  verdicts: z.number().describe('attack, ours and planned: what the precision rests on'),
  precision: z.number().nullable().describe('share of attack in the verdicts'),
  usd_lost: z.number().describe('spent by suspicious calls, in incidents that were not ours or planned'),
  usd_would_save: z.number().describe('of that, spent after it would have blocked and nothing was blocked'),
  usd_saved: z
    .number()
    .describe(
      'estimate: dollars an hour when it would have blocked, from the block until people closed it, a day at most',
    ),
  own_calls: z
    .number()
    .describe(
      'calls of the key in the hour after it would have blocked that are none of the story: what a block breaks',
    ),
  median_minutes: z.number().nullable().describe('from the first event until it would have blocked'),
  promotable: z.boolean().nullable().describe('fit to block by itself; null where it only tells'),
  why: z.string(),
});
export type LedgerRow = z.infer<typeof ledgerRowSchema>;

export const ledgerSchema = z.object({ days: z.number(), ledger: z.array(ledgerRowSchema) });

export const sqlResponseSchema = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string() })),
  rows: z.array(z.array(z.unknown())),
  elapsed_ms: z.number(),
  truncated: z.boolean().describe('true when there are more than 10,000 rows'),
});

// ——— Session, settings, status ———

export const sessionRequestSchema = z.strictObject({ token: z.string().min(1).max(500) });

export const sessionSchema = z.object({
  name: z.string(),
  scope: z.enum(SCOPE_NAMES),
  expires_at: time.nullable().describe('null for a bearer token'),
});
export type Session = z.infer<typeof sessionSchema>;

export const freezeRequestSchema = z.strictObject({ on: z.boolean() });

export const canaryRequestSchema = z.strictObject({
  gateway: z.string().min(1).max(64),
  place: z.string().min(1).max(500).describe('where it will be planted'),
});
export const canaryResponseSchema = z.object({
  key: z.string().describe('shown this once'),
  key_id: z.string(),
});

export const partSchema = z.object({ name: z.string(), ready: z.boolean(), reason: z.string() });

export const statusSchema = z.object({
  version: z.string(),
  mode: z.enum(['observe', 'certain', 'enforce']),
  frozen: z.boolean().describe('true while no action is taken automatically'),
  ready: z
    .boolean()
    .describe('false while it cannot do its work; `store`, `notify` and `gateway` may be down meanwhile'),
  parts: z.array(partSchema).describe('each part, and why it is not ready'),
  lag: z.record(z.string(), count).describe('records not yet handled, by topic'),
  watermark: time.nullable().describe('newest event time judged'),
  gateways: z.array(z.object({ name: z.string(), type: z.string(), url: z.string() })),
  sources: z
    .array(z.object({ name: z.string(), origin: z.string(), built_at: time.nullable() }))
    .describe('data of places and networks'),
});
/** Answer of `GET /v1/status`; also drives `/readyz`. */
export type SystemStatus = z.infer<typeof statusSchema>;

export const readySchema = z.object({ ready: z.boolean(), parts: z.array(partSchema) });

export const papersSchema = z.object({
  id: z.string(),
  title: z.string(),
  kind: z.enum(KINDS),
  families: z.array(z.enum(FAMILIES)),
  how: z.string(),
  runbook: z.string(),
  known_false_positives: z.array(z.string()),
});
export const detectorListSchema = z.object({ detectors: z.array(papersSchema) });
/** What a detector looks at, and what to do when it speaks. */
export type DetectorPapers = z.infer<typeof papersSchema>;
