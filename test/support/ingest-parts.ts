import { createAddressResolver } from '../../services/gateways/client-address.ts';
import type { ParseSettings } from '../../services/gateways/gateway.ts';
import { litellmFormat } from '../../services/gateways/litellm.ts';
import { readRecords } from '../../services/ingest/records.ts';
import type { ReadRecord } from '../../services/ingest/records.ts';
import { Secret } from '../../services/secret.ts';

/** The clock of tests that take records in; the builder's records end here. */
export const NOW = 1_790_000_000_500;

export function aLitellmFormat(pepper = 'a pepper for tests') {
  const resolveAddress = createAddressResolver(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'], true);
  return litellmFormat({ pepper: new Secret(pepper), resolveAddress });
}

const format = aLitellmFormat();

/** Everything that is read out of a body, records and problems in their order. */
export function readAll(body: Buffer | string, settings: Partial<ParseSettings> = {}): ReadRecord[] {
  const whole = { gateway: 'litellm', now: NOW, isImport: false, ...settings };
  return [...readRecords(format, Buffer.from(body), whole)];
}
