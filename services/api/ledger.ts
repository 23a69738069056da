import type { Store } from '../stores/store.ts';
import type { LedgerRow } from './schema.ts';

const DAY_MS = 86_400_000;

/** What a detector must have shown before it is fit to block by itself. */
export interface Promotion {
  /** Verdicts at least; `unclear` is none. */
  verdicts: number;
  /** Share of them that is `attack`, at least. */
  precision: number;
}

export interface LedgerQuestion {
  days: number;
  now: number;
  promotion: Promotion;
}

/** Of each detector: what it told, what it would have blocked, what came of it, what that would have saved and broken. */
export async function readLedger(
  store: Pick<Store, 'query'>,
  { days, now, promotion }: LedgerQuestion,
): Promise<LedgerRow[]> {
  const rows = await store.query<Counted>(LEDGER_SQL, { since: now - days * DAY_MS, now });
  return rows.map((row) => toRow(row, promotion));
}

type Judged = 'verdicts' | 'precision' | 'promotable' | 'why';
type Counted = Omit<LedgerRow, Judged>;

function toRow(counted: Counted, promotion: Promotion): LedgerRow {
  const verdicts = counted.attack + counted.ours + counted.planned;
  const precision = verdicts === 0 ? null : counted.attack / verdicts;
  return { ...counted, verdicts, precision, ...judge(counted.action, { verdicts, precision }, promotion) };
}

function judge(
  action: LedgerRow['action'],
  { verdicts, precision }: Pick<LedgerRow, 'verdicts' | 'precision'>,
  promotion: Promotion,
): Pick<LedgerRow, 'promotable' | 'why'> {
  if (action === 'tell') return { promotable: null, why: '' };
  if (verdicts < promotion.verdicts)
    return { promotable: false, why: `${verdicts} of ${promotion.verdicts} verdicts` };
  const isRight = precision !== null && precision >= promotion.precision;
  const share = `right in ${percent(precision ?? 0)} of ${verdicts} verdicts`;
  return isRight
    ? { promotable: true, why: share }
    : { promotable: false, why: `${share}, ${percent(promotion.precision)} is asked for` };
}

/** Rounded down: what is not quite enough must not look as if it were. */
export function percent(share: number): string {
  return `${Math.floor(share * 100 + 1e-9)} %`;
}

/** Alone in an hour after the moment; calls that a block of ours refused are counted as well, because it broke them. */
const OWN_CALLS = `
SELECT would.detector AS detector, would.rule AS rule, would.incident_id AS incident_id, count() AS calls
FROM would
INNER JOIN
(
    SELECT key_id, ts, ip, asn
    FROM events
    WHERE ts >= since AND is_import = 0 AND key_id IN (SELECT key_id FROM ledger WHERE ts >= since)
        AND (status = 'success' OR outcome = 'blocked_key')
) AS calls ON calls.key_id = would.key_id
INNER JOIN recent ON recent.incident_id = would.incident_id
WHERE calls.ts > would.at AND calls.ts <= would.at + INTERVAL 1 HOUR
    AND (recent.is_wrong
        OR NOT (has(would.indicators, concat('ip:', calls.ip)) OR has(would.indicators, concat('asn:', toString(calls.asn)))))
GROUP BY detector, rule, incident_id`;

/** `would`: for each detector the moment of each rule, and under the empty rule the first of them. */
const LEDGER_SQL = `
WITH
    fromUnixTimestamp64Milli({since:Int64}, 'UTC') AS since,
    fromUnixTimestamp64Milli({now:Int64}, 'UTC') AS asked_at,
    recent AS
    (
        SELECT *, verdict IN ('ours', 'planned') AS is_wrong
        FROM incidents
        WHERE opened_at >= since
    ),
    would AS
    (
        SELECT
            detector, incident_id, one_rule AS rule, any(key_id) AS key_id, min(ts) AS at, argMin(usd_lost, ts) AS usd_then,
            argMin(usd_per_hour, ts) AS usd_per_hour_then,
            JSONExtract(argMin(indicators, ts), 'Array(String)') AS indicators
        FROM ledger
        ARRAY JOIN [rule, ''] AS one_rule
        WHERE ts >= since AND action = 'block'
        GROUP BY detector, incident_id, one_rule
    ),
    spoke AS
    (
        SELECT DISTINCT detector, incident_id, '' AS rule FROM findings WHERE incident_id IN (SELECT incident_id FROM recent)
        UNION DISTINCT
        SELECT detector, incident_id, rule FROM would
    ),
    blocked AS
    (
        SELECT incident_id, min(ts) AS at
        FROM actions
        WHERE kind = 'block' AND actor = 'policy' AND state IN ('accepted', 'verified')
        GROUP BY incident_id
    ),
    own AS (${OWN_CALLS})
SELECT
    spoke.detector AS detector,
    if(spoke.rule = '', 'tell', 'block') AS action,
    spoke.rule AS rule,
    toFloat64(count()) AS incidents,
    toFloat64(countIf(would.incident_id != '')) AS would_block,
    toFloat64(countIf(would.incident_id != '' AND blocked.incident_id != '')) AS blocked,
    toFloat64(countIf(recent.verdict = 'attack')) AS attack,
    toFloat64(countIf(recent.verdict = 'ours')) AS ours,
    toFloat64(countIf(recent.verdict = 'planned')) AS planned,
    toFloat64(countIf(recent.verdict = 'unclear')) AS unclear,
    toFloat64(countIf(recent.verdict = '')) AS no_verdict,
    round(sumIf(recent.usd_lost, NOT recent.is_wrong), 2) AS usd_lost,
    round(sumIf(
        greatest(recent.usd_lost - would.usd_then, 0),
        NOT recent.is_wrong AND would.incident_id != '' AND blocked.incident_id = ''), 2) AS usd_would_save,
    round(sumIf(
        would.usd_per_hour_then * greatest(dateDiff('second', blocked.at,
            least(ifNull(recent.closed_at, asked_at), blocked.at + INTERVAL 1 DAY)), 0) / 3600,
        NOT recent.is_wrong AND would.incident_id != '' AND blocked.incident_id != ''), 2) AS usd_saved,
    toFloat64(sum(own.calls)) AS own_calls,
    if(would_block = 0, NULL, round(quantileExactIf(0.5)(
        greatest(dateDiff('second', recent.first_event_at, would.at), 0) / 60, would.incident_id != ''), 1)) AS median_minutes
FROM spoke
INNER JOIN recent ON recent.incident_id = spoke.incident_id
LEFT JOIN would
    ON would.incident_id = spoke.incident_id AND would.detector = spoke.detector AND would.rule = spoke.rule
LEFT JOIN blocked ON blocked.incident_id = spoke.incident_id
LEFT JOIN own ON own.incident_id = spoke.incident_id AND own.detector = spoke.detector AND own.rule = spoke.rule
GROUP BY detector, action, rule
ORDER BY detector, action DESC, rule`;
