import type { Log } from '../log.ts';
import type { Secret } from '../secret.ts';
import { litellmRevoker } from './litellm.ts';
import type { LitellmSettings } from './litellm-client.ts';
import type { Revoker } from './revoker.ts';

/** A gateway without a key is one at which this process does nothing. */
export type GatewaySettings = Omit<LitellmSettings, 'key'> & { type: 'litellm'; key?: Secret | undefined };
type Keyed = LitellmSettings & { type: 'litellm' };

type Make = (gateway: Keyed, parts: { log: Log }) => Revoker;

const MAKERS: Readonly<Record<GatewaySettings['type'], Make>> = { litellm: litellmRevoker };

/** A revoker for each gateway of the settings that has a key, by its name. */
export function createRevokers(
  gateways: readonly GatewaySettings[],
  parts: { log: Log },
): ReadonlyMap<string, Revoker> {
  const keyed = gateways.flatMap(({ key, ...gateway }) => (key === undefined ? [] : [{ ...gateway, key }]));
  return new Map(keyed.map((gateway) => [gateway.name, MAKERS[gateway.type](gateway, parts)]));
}
