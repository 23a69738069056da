export interface Column {
  name: string;
  /** ClickHouse type. */
  type: string;
  about: string;
}

export interface Table {
  about: string;
  columns: readonly Column[];
  orderBy: string;
  /** Set where newer rows of the same `orderBy` replace older ones; names the version column. Read through a view of
   *  the table's name that shows only the newest rows. */
  replaceBy?: string;
  /** Column and days after which rows go; undefined keeps them. `events` follows GATEWATCH_RETENTION_DAYS. */
  ttl?: { column: string; days: number | 'retention' };
  isInternal?: boolean;
}

const time = "DateTime64(3,'UTC')";
/** Not LowCardinality: its dictionary costs an insert half as much again, and an empty scalar subquery of it is an error. */
const text = 'String';
const usd = 'Float64';
const col = (name: string, type: string, about: string): Column => ({ name, type, about });

/** The tables people query. The order of the columns is the order of a row's cells in `insert`. */
export const TABLES = {
  events: {
    about: 'One row per API call at a gateway, with place and network looked up.',
    orderBy: '(key_id, ts)',
    ttl: { column: 'ts', days: 'retention' },
    columns: [
      col('ts', time, 'When the call ended.'),
      col('event_id', text, 'Call id of the gateway.'),
      col('gateway', text, 'Name of the gateway.'),
      col(
        'key_id',
        text,
        'The gateway’s own identifier of the key; `foreign:…` for a credential that is not one of its keys; empty when none was presented.',
      ),
      col('key_alias', text, 'Name of the key.'),
      col('team', text, 'Team id.'),
      col('team_alias', text, 'Name of the team.'),
      col('user', text, 'User id the key belongs to.'),
      col('end_user_hash', text, 'Keyed hash of the end user named by the caller.'),
      col('ip', text, 'Client address, canonical.'),
      col('ip_trust', text, '`direct`, `low` (forwarded without a configured proxy) or `none`.'),
      col('client', text, 'Family of the calling program.'),
      col('client_major', text, 'Its major version.'),
      col('user_agent', text, 'User agent as sent, cleaned of control characters.'),
      col('model', text, 'Model as the caller named it.'),
      col('provider', text, 'Provider behind the gateway.'),
      col('call_type', text, 'Kind of call, or the path for calls refused at the gate.'),
      col('status', text, '`success` or `failure`.'),
      col('outcome', text, '`ok`, `unknown_key`, `blocked_key`, `model_denied`, `upstream_error`, …'),
      col('error_code', text, 'Error code of the gateway.'),
      col('prompt_tokens', 'UInt32', ''),
      col('completion_tokens', 'UInt32', ''),
      col('cached_tokens', 'UInt32', ''),
      col('total_tokens', 'UInt32', ''),
      col('max_tokens', 'UInt32', 'Upper limit of output the caller asked for, 0 when not given.'),
      col('cost_usd', usd, 'Cost by the gateway’s price table.'),
      col('duration_ms', 'UInt32', 'From start to end of the call.'),
      col('trace_id', text, 'Trace or session id; the caller chooses it.'),
      col('received_at', time, 'When gatewatch took it in.'),
      col('is_import', 'UInt8', '1 for recorded traffic that was brought in afterwards.'),
      col('country', text, 'ISO country code, approximate.'),
      col('city', text, 'City, approximate.'),
      col('asn', 'UInt32', 'Number of the network, 0 when unknown.'),
      col('as_org', text, 'Organisation of the network.'),
      col('network_class', text, '`isp`, `mobile`, `hosting`, `cdn`, `relay`, `vpn`, `tor`, …'),
    ],
  },
  findings: {
    about: 'What detectors said, each time a finding was raised or grew.',
    orderBy: '(ts, finding_id)',
    ttl: { column: 'ts', days: 400 },
    columns: [
      col('ts', time, 'Event time at which it was raised.'),
      col('finding_id', text, ''),
      col('incident_id', text, ''),
      col('detector', text, ''),
      col('kind', text, '`leaked_key`, `geo`, `spend`.'),
      col('entity', text, '`key:…`, `team:…` or `user:…`.'),
      col('key_id', text, ''),
      col('team', text, ''),
      col('user', text, ''),
      col('bits', usd, 'Sum of its lines.'),
      col('family', text, 'Families of its lines, joined by commas.'),
      col('evidence', text, 'Lines of evidence as JSON.'),
    ],
  },
  incidents: {
    about: 'Current state of every incident.',
    orderBy: 'incident_id',
    replaceBy: 'version',
    ttl: { column: 'updated_at', days: 400 },
    columns: [
      col('incident_id', text, ''),
      col('version', 'UInt64', 'Grows with each change.'),
      col('opened_at', time, ''),
      col('updated_at', time, ''),
      col('closed_at', `Nullable(${time})`, ''),
      col('kind', text, '`leaked_key`, `geo`, `spend`.'),
      col('severity', text, '`info`, `low`, `medium`, `high`, `critical`.'),
      col('status', text, '`open`, `acknowledged`, `resolved`: where people stand.'),
      col(
        'containment',
        text,
        '`none`, `requested`, `sent`, `accepted`, `verified`, `failed`, `restored`, `simulated`: where the machine stands.',
      ),
      col('verdict', text, '`attack`, `ours`, `planned`, `unclear`, or empty.'),
      col('title', text, ''),
      col('score_bits', usd, 'Sum of the lines of evidence.'),
      col('gateway', text, ''),
      col('key_id', text, 'Empty for an incident of a team or a user.'),
      col('key_alias', text, ''),
      col('team', text, ''),
      col('user', text, ''),
      col('first_event_at', time, ''),
      col('last_event_at', time, ''),
      col('usd_lost', usd, 'Dollars spent by the suspicious calls.'),
      col('usd_per_hour', usd, 'Dollars an hour at the current rate.'),
      col('events', 'UInt64', 'Suspicious calls.'),
      col('detail', text, 'The whole incident as JSON: evidence, timeline, actions.'),
    ],
  },
  incident_changes: {
    about: 'History of incidents: one row per change.',
    orderBy: '(incident_id, ts)',
    ttl: { column: 'ts', days: 400 },
    columns: [
      col('ts', time, ''),
      col('incident_id', text, ''),
      col('change', text, '`opened`, `escalated`, `acknowledged`, `block-requested`, …'),
      col('status', text, ''),
      col('containment', text, ''),
      col('severity', text, ''),
      col('actor', text, 'Who did it.'),
      col('note', text, ''),
    ],
  },
  actions: {
    about: 'What was done at gateways: one row per state of an action.',
    orderBy: '(ts, action_id)',
    ttl: { column: 'ts', days: 400 },
    columns: [
      col('ts', time, ''),
      col('action_id', text, ''),
      col('incident_id', text, ''),
      col('kind', text, '`block` or `restore`.'),
      col('target', text, 'Key id.'),
      col('state', text, '`requested`, `sent`, `accepted`, `verified`, `failed`, `refused`, `simulated`.'),
      col('reason', text, ''),
      col('actor', text, '`policy` or a person’s token.'),
      col('latency_ms', 'UInt32', 'From the arrival of the event that caused it to the call at the gateway.'),
    ],
  },
  ledger: {
    about:
      'What detectors would have done by themselves, in whatever mode: one row for each incident, detector and rule, at the first moment.',
    orderBy: '(ts, incident_id)',
    ttl: { column: 'ts', days: 400 },
    columns: [
      col('ts', time, 'When the evidence was first enough.'),
      col('incident_id', text, ''),
      col('detector', text, 'Whose evidence it rests on; where it rests on several, each has a row.'),
      col('action', text, '`block`.'),
      col('rule', text, '`certain-evidence` or `three-families`: why it would have been enough.'),
      col('mode', text, 'The mode gatewatch was in.'),
      col('key_id', text, ''),
      col('bits', usd, 'Sum of the lines of evidence at that moment.'),
      col('usd_lost', usd, 'Dollars spent by the suspicious calls until then.'),
      col('usd_per_hour', usd, 'Dollars an hour at that moment.'),
      col(
        'indicators',
        text,
        'What the evidence points at, as a JSON array: `ip:…`, `asn:…`, `client:…`, and so on.',
      ),
    ],
  },
  audit: {
    about: 'Copy of the audit chain; the file audit.ndjson is the original.',
    orderBy: 'seq',
    ttl: { column: 'ts', days: 2557 },
    columns: [
      col('seq', 'UInt64', ''),
      col('ts', time, ''),
      col('actor', text, ''),
      col('action', text, ''),
      col('target', text, ''),
      col('incident_id', text, ''),
      col('detail', text, 'JSON.'),
      col('prev_hash', text, ''),
      col('hash', text, 'SHA-256 over the previous hash and the record.'),
    ],
  },
  leaked_keys: {
    about: 'Reported leaks and canaries, by the gateway’s identifier of the key.',
    orderBy: '(key_id, type)',
    replaceBy: 'reported_at',
    columns: [
      col('key_id', text, ''),
      col('type', text, '`leak` or `canary`.'),
      col('reported_at', time, ''),
      col('found_at', time, ''),
      col('source', text, ''),
      col('url', text, ''),
      col('is_verified', 'UInt8', ''),
      col('place', text, 'Where a canary was planted.'),
    ],
  },
  keys: {
    about: 'Every key seen, and what is normal for it.',
    orderBy: 'key_id',
    replaceBy: 'last_seen_at',
    columns: [
      col('key_id', text, ''),
      col('gateway', text, ''),
      col('key_alias', text, ''),
      col('team', text, ''),
      col('user', text, ''),
      col('first_seen_at', time, ''),
      col('last_seen_at', time, ''),
      col('calls', 'UInt64', ''),
      col('cost_usd', usd, ''),
      col('is_learning', 'UInt8', '1 while behaviour alone never blocks.'),
      col('profile', text, 'Networks, countries, clients, models, hours, baseline, as JSON.'),
    ],
  },
  rejected: {
    about: 'Records that could not be read, never with their text.',
    orderBy: 'ts',
    ttl: { column: 'ts', days: 'retention' },
    columns: [
      col('ts', time, ''),
      col('gateway', text, ''),
      col('format', text, ''),
      col('code', text, ''),
      col('reason', text, ''),
      col('size_bytes', 'UInt32', ''),
      col('sha256', text, 'Digest of the record, to find it at the sender.'),
    ],
  },
} as const satisfies Record<string, Table>;

export type TableName = keyof typeof TABLES;

/** Views made from the tables. */
export const VIEWS = {
  spend_by_minute: {
    about: 'Calls, tokens and dollars per minute, key and model.',
    columns: [
      col('minute', "DateTime('UTC')", ''),
      col('key_id', text, ''),
      col('team', text, ''),
      col('user', text, ''),
      col('model', text, ''),
      col('calls', 'UInt64', ''),
      col('total_tokens', 'UInt64', ''),
      col('cost_usd', usd, ''),
    ],
    select:
      'SELECT toStartOfMinute(ts) AS minute, key_id, team, user, model, count() AS calls, sum(total_tokens) AS total_tokens, sum(cost_usd) AS cost_usd FROM events GROUP BY minute, key_id, team, user, model',
  },
} as const;

/** A row as the store takes it: a JSON array of cells in the order of the columns, times as whole epoch
 *  milliseconds (which is what ClickHouse keeps for DateTime64(3)). */
export function encodeRow(table: TableName, row: Readonly<Record<string, unknown>>): string {
  const cells: unknown[] = [];
  for (const { name, type } of TABLES[table].columns as readonly Column[]) {
    const value = row[name];
    if (value === undefined) throw new TypeError(`Row of ${table} lacks ${name}.`);
    cells.push(type.includes('DateTime64') && typeof value === 'number' ? Math.round(value) : value);
  }
  return JSON.stringify(cells);
}
