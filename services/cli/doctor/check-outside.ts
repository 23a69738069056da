import type { Config } from '../../config.ts';
import type { DataSource } from '../../enrichment/enricher.ts';
import { isOld } from '../../enrichment/ip-enricher.ts';
import type { Log } from '../../log.ts';
import { checkChannels } from '../../notifiers/reachability.ts';
import { createRevokers } from '../../revokers/registry.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';

const WITHIN_MS = 30_000;

/** Asks each gateway; nothing is changed there. */
export async function checkGateways({ gateways }: Config, log: Log): Promise<Advice[]> {
  const revokers = [...createRevokers(gateways, { log }).values()];
  const found = await Promise.all(
    revokers.map((revoker) => revoker.diagnose(AbortSignal.timeout(WITHIN_MS))),
  );
  const advice: Advice[] = found.flat().map(({ level, text }) => ({ level, text }));
  for (const { name, key } of gateways)
    if (key === undefined)
      advice.push(note(`No key of ${name} is set here. Only the process that runs respond needs it.`));
  if (gateways.length > 0) advice.push(note(UNSEEN));
  return advice;
}

/** The two settings of the gateway that leave no trace here. */
const UNSEEN =
  'Two settings of LiteLLM cannot be seen from here. litellm_settings.global_disable_no_log_param: true, or any caller hides calls with "no-log" in the body. litellm_settings.turn_off_message_logging: true, or prompts travel to gatewatch, which drops them.';

/** Whether people can be told; nothing is sent. */
export async function checkPeopleReached({ notify }: Config): Promise<Advice[]> {
  const channels = await checkChannels(notify);
  return channels.map(({ channel, trouble }) =>
    trouble === undefined
      ? ok(`The receiver of notifications by ${channel} can be reached.`)
      : problem(`Notifications by ${channel} would not arrive. ${trouble}`),
  );
}

export function checkIpData(sources: readonly DataSource[], now: number): Advice[] {
  return sources.map(({ name, origin, builtAt }) => {
    if (builtAt === 0) return note(`${origin} does not say how old its ${name} are.`);
    const days = Math.round((now - builtAt) / 86_400_000);
    if (!isOld({ name, origin, builtAt }, now))
      return ok(`The data of ${name} is ${days} days old (${origin}).`);
    return warning(
      `The data of ${name} is ${days} days old (${origin}), and addresses move. Mount newer files: GATEWATCH_GEO_CITY, GATEWATCH_GEO_ASN.`,
    );
  });
}
