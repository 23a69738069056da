export interface SqlExample {
  title: string;
  query: string;
}

/** Shown in docs/sql.md and run by a test of the store. */
export const SQL_EXAMPLES: readonly SqlExample[] = [
  {
    title: 'Who spends most right now',
    query: `
SELECT key_alias, team, count() AS calls, round(sum(cost_usd), 2) AS usd
FROM events
WHERE ts > now() - INTERVAL 1 HOUR
GROUP BY key_alias, team
ORDER BY usd DESC
LIMIT 10`,
  },
  {
    title: 'What needs somebody: incidents that are open, the heaviest first',
    query: `
SELECT opened_at, severity, kind, title, key_alias, containment, round(usd_lost, 2) AS usd_lost, incident_id
FROM incidents
WHERE status != 'resolved'
ORDER BY score_bits DESC
LIMIT 20`,
  },
  {
    title: 'Why an incident was raised: its lines of evidence, as the detectors last said them',
    query: `
SELECT
    detector,
    JSONExtractString(line, 'family') AS family,
    round(JSONExtractFloat(line, 'bits'), 1) AS line_bits,
    JSONExtractString(line, 'text') AS says
FROM
(
    SELECT detector, argMax(evidence, ts) AS newest
    FROM findings
    WHERE incident_id = (SELECT incident_id FROM incidents ORDER BY opened_at DESC LIMIT 1)
    GROUP BY detector, finding_id
)
ARRAY JOIN JSONExtractArrayRaw(newest) AS line
ORDER BY line_bits DESC`,
  },
  {
    title: 'Where each key was used from in the last week: a newcomer in the list is worth a look',
    query: `
SELECT
    key_alias,
    country,
    as_org,
    network_class,
    client,
    count() AS calls,
    min(ts) AS first_seen,
    max(ts) AS last_seen
FROM events
WHERE ts > now() - INTERVAL 7 DAY
GROUP BY key_alias, country, as_org, network_class, client
ORDER BY key_alias, calls DESC
LIMIT 200`,
  },
  {
    title: 'Keys used from more than one country within an hour',
    query: `
SELECT
    toStartOfHour(ts) AS hour,
    key_alias,
    groupUniqArray(country) AS countries,
    count() AS calls
FROM events
WHERE country != '' AND ts > now() - INTERVAL 7 DAY
GROUP BY hour, key_alias
HAVING length(countries) > 1
ORDER BY hour DESC
LIMIT 50`,
  },
  {
    title: 'Other keys seen from the networks of an incident: are more of them stolen?',
    query: `
WITH
    (SELECT incident_id FROM incidents WHERE key_id != '' ORDER BY opened_at DESC LIMIT 1) AS one,
    (SELECT key_id FROM incidents WHERE incident_id = one) AS stolen,
    (SELECT first_event_at FROM incidents WHERE incident_id = one) AS since
SELECT key_alias, asn, as_org, count() AS calls, max(ts) AS last_seen
FROM events
WHERE key_id != stolen AND ts >= since
    AND asn IN (SELECT asn FROM events WHERE key_id = stolen AND ts >= since)
GROUP BY key_alias, asn, as_org
ORDER BY last_seen DESC`,
  },
  {
    title: 'Doors being tried: calls that the gateway refused, by key and reason',
    query: `
SELECT outcome, key_alias, key_id, count() AS calls, uniqExact(ip) AS addresses, max(ts) AS last_seen
FROM events
WHERE outcome IN ('unknown_key', 'blocked_key', 'expired_key', 'model_denied', 'ip_denied', 'foreign_credential')
    AND ts > now() - INTERVAL 1 DAY
GROUP BY outcome, key_alias, key_id
ORDER BY calls DESC
LIMIT 50`,
  },
  {
    title: 'Spend by team and day, with the change from the day before',
    query: `
SELECT
    team,
    day,
    round(usd, 2) AS usd_of_day,
    round(usd - lagInFrame(usd, 1, usd) OVER (PARTITION BY team ORDER BY day), 2) AS change
FROM
(
    SELECT team, toDate(minute) AS day, sum(cost_usd) AS usd
    FROM spend_by_minute
    WHERE minute > now() - INTERVAL 14 DAY
    GROUP BY team, day
)
ORDER BY day DESC, usd DESC
LIMIT 100`,
  },
  {
    title: 'Which model the money goes to, and what a thousand tokens cost in effect',
    query: `
SELECT
    model,
    count() AS calls,
    sum(total_tokens) AS tokens,
    round(sum(cost_usd), 2) AS usd,
    round(1000 * sum(cost_usd) / greatest(sum(total_tokens), 1), 5) AS usd_per_1000_tokens
FROM events
WHERE status = 'success' AND ts > now() - INTERVAL 7 DAY
GROUP BY model
ORDER BY usd DESC`,
  },
  {
    title: 'What the machine did, and how fast',
    query: `
SELECT ts, kind, state, target, reason, actor, latency_ms
FROM actions
ORDER BY ts DESC
LIMIT 50`,
  },
  {
    title: 'How often each detector is right, by what people said when they resolved its incidents',
    query: `
SELECT
    detector,
    countIf(verdict = 'attack') AS attacks,
    countIf(verdict IN ('ours', 'planned')) AS false_alarms,
    round(false_alarms / greatest(attacks + false_alarms, 1), 2) AS false_alarm_rate
FROM
(
    SELECT DISTINCT findings.detector AS detector, incidents.incident_id AS incident_id, incidents.verdict AS verdict
    FROM findings
    INNER JOIN incidents ON incidents.incident_id = findings.incident_id
)
GROUP BY detector
ORDER BY false_alarm_rate DESC`,
  },
  {
    title:
      'What each detector would have blocked by itself, and what people said about it (`gatewatch ledger` counts more: dollars, and what a block breaks)',
    query: `
SELECT
    detector,
    rule,
    uniqExact(incident_id) AS would_block,
    uniqExactIf(incident_id, verdict = 'attack') AS attacks,
    uniqExactIf(incident_id, verdict IN ('ours', 'planned')) AS false_alarms,
    round(attacks / greatest(attacks + false_alarms, 1), 2) AS precision
FROM
(
    SELECT ledger.detector AS detector, ledger.rule AS rule, ledger.incident_id AS incident_id, incidents.verdict AS verdict
    FROM ledger
    INNER JOIN incidents ON incidents.incident_id = ledger.incident_id
    WHERE ledger.ts > now() - INTERVAL 28 DAY
)
GROUP BY detector, rule
ORDER BY would_block DESC`,
  },
  {
    title: 'Keys nobody used for a month: candidates for deletion at the gateway',
    query: `
SELECT key_alias, team, user, last_seen_at, calls, round(cost_usd, 2) AS usd
FROM keys
WHERE last_seen_at < now() - INTERVAL 30 DAY
ORDER BY last_seen_at
LIMIT 100`,
  },
  {
    title: 'Log records that could not be read, by reason',
    query: `
SELECT format, code, any(reason) AS example, count() AS records, max(ts) AS last_seen
FROM rejected
WHERE ts > now() - INTERVAL 7 DAY
GROUP BY format, code
ORDER BY records DESC`,
  },
];
