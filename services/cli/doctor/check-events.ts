import type { Config } from '../../config.ts';
import { reachOf } from '../../notifiers/egress.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

/** Runs one SELECT and gives its rows. */
export type Select = (query: string, params: Readonly<Record<string, unknown>>) => Promise<unknown[][]>;

const DAY_MS = 86_400_000;
const SILENT_MS = 3_600_000;
/** Fewer calls say nothing about a gateway's settings. */
const ENOUGH_CALLS = 200;
/** Of so many calls somewhere one is refused or fails, unless failures are not logged. */
const ENOUGH_TO_FAIL = 5_000;
const NEARLY_ALL = 0.95;

const SUMMARY = `SELECT count(), countIf(status = 'failure'), countIf(outcome = 'ok' AND key_id = ''), countIf(ip_trust = 'low'), countIf(ip_trust = 'none'),
  uniqExact(key_id), toUnixTimestamp64Milli(max(received_at)) FROM events WHERE is_import = 0 AND ts > fromUnixTimestamp64Milli({since:Int64})`;
const TOP_ADDRESS = `SELECT ip, count() AS calls FROM events WHERE is_import = 0 AND ts > fromUnixTimestamp64Milli({since:Int64}) GROUP BY ip ORDER BY calls DESC LIMIT 1`;

interface Summary {
  calls: number;
  failures: number;
  nameless: number;
  lowTrust: number;
  noAddress: number;
  keys: number;
  newestAt: number;
  topIp: string;
  topCalls: number;
}

/** What the calls of the last day say about settings of the gateway that open holes, since it cannot be asked for them. */
export async function checkEvents(select: Select, config: Config, now: number): Promise<Advice[]> {
  const summary = await summarise(select, now);
  if (summary.calls === 0) {
    return [
      warning(
        'No log record arrived within a day. Have LiteLLM send its log to /v1/logs/litellm (README, "On your own gateway"); its own log says why it cannot.',
      ),
    ];
  }
  const found = [...checkSilence(summary, now)];
  if (summary.calls < ENOUGH_CALLS) {
    return [
      ...found,
      note(`Only ${summary.calls} calls arrived within a day: too few to judge the gateway’s settings by.`),
    ];
  }
  found.push(...checkIdentity(summary), ...checkAddresses(summary, config), ...checkFailures(summary));
  if (found.length === 0)
    found.push(ok(`${summary.calls} calls of the last day name their keys and callers.`));
  return found;
}

async function summarise(select: Select, now: number): Promise<Summary> {
  const params = { since: now - DAY_MS };
  const [counts] = await select(SUMMARY, params);
  const [top] = await select(TOP_ADDRESS, params);
  const at = (index: number) => Number(counts?.[index] ?? 0);
  return {
    calls: at(0),
    failures: at(1),
    nameless: at(2),
    lowTrust: at(3),
    noAddress: at(4),
    keys: at(5),
    newestAt: at(6),
    topIp: typeof top?.[0] === 'string' ? top[0] : '',
    topCalls: Number(top?.[1] ?? 0),
  };
}

function checkSilence({ newestAt }: Summary, now: number): Advice[] {
  const minutes = Math.round((now - newestAt) / 60_000);
  if (now - newestAt < SILENT_MS) return [];
  return [
    warning(
      `The newest log record arrived ${minutes} minutes ago. If the gateway is in use, look at its log: a callback that fails loses its records.`,
    ),
  ];
}

function checkIdentity({ calls, nameless }: Summary): Advice[] {
  if (nameless < calls * 0.01) return [];
  const text = `${nameless} of ${calls} successful calls do not say which key they used.`;
  return [
    problem(
      `${text} LiteLLM leaves it out with litellm_settings.redact_user_api_key_info: set that to false, or stolen keys cannot be seen.`,
    ),
  ];
}

function checkAddresses(
  { calls, lowTrust, noAddress, topIp, topCalls, keys }: Summary,
  config: Config,
): Advice[] {
  const found: Advice[] = [];
  if (keys > 1 && topCalls > calls * NEARLY_ALL && isInternal(topIp)) {
    found.push(
      problem(
        `${Math.round((topCalls / calls) * 100)} % of the calls come from ${topIp}: that is a proxy, not the callers, and places cannot be judged. Set general_settings.use_x_forwarded_for: true in LiteLLM, and have the proxy send X-Forwarded-For.`,
      ),
    );
  }
  if (noAddress > calls * 0.2) {
    found.push(
      warning(
        `${noAddress} of ${calls} calls have no usable client address. See how the proxies before LiteLLM write X-Forwarded-For.`,
      ),
    );
  }
  if (lowTrust > calls * 0.05) {
    const what = config.trustedProxiesAreSet
      ? 'the ranges in GATEWATCH_TRUSTED_PROXIES'
      : 'GATEWATCH_TRUSTED_PROXIES, which is not set';
    found.push(
      warning(
        `${lowTrust} of ${calls} calls came through proxies that are not known, so their addresses count little. Correct ${what}: the ranges of your load balancers.`,
      ),
    );
  }
  return found;
}

function checkFailures({ calls, failures }: Summary): Advice[] {
  if (calls < ENOUGH_TO_FAIL || failures > 0) return [];
  return [
    warning(
      `Not one of ${calls} calls failed: probably failures are not logged, and refused keys cannot be seen. Use "callbacks" in LiteLLM, or add failure_callback.`,
    ),
  ];
}

function isInternal(ip: string): boolean {
  return ['private', 'loopback'].includes(reachOf(ip));
}
