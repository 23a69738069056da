import type { Log } from '../log.ts';
import { litellmRevoker } from './litellm.ts';
import type { LitellmSettings } from './litellm-client.ts';
import type { Revoker } from './revoker.ts';

export type GatewaySettings = LitellmSettings & { type: 'litellm' };

type Make = (gateway: GatewaySettings, parts: { log: Log }) => Revoker;

const MAKERS: Readonly<Record<GatewaySettings['type'], Make>> = { litellm: litellmRevoker };

/** A revoker for each gateway of the settings, by its name. */
export function createRevokers(
  gateways: readonly GatewaySettings[],
  parts: { log: Log },
): ReadonlyMap<string, Revoker> {
  return new Map(gateways.map((gateway) => [gateway.name, MAKERS[gateway.type](gateway, parts)]));
}
