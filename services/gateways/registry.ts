import type { GatewayFormat } from './gateway.ts';
import { litellmFormat } from './litellm.ts';
import type { LitellmOptions } from './litellm.ts';

export const FORMAT_NAMES = ['litellm'] as const;

/** Log formats by the name they have in the URL. */
export function createFormats(options: LitellmOptions): ReadonlyMap<string, GatewayFormat> {
  return new Map([litellmFormat(options)].map((format) => [format.name, format]));
}
