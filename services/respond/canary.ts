import type { Fact } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { AuditEntry } from '../audit/audit-log.ts';
import { AppError } from '../errors.ts';
import type { Revoker } from '../revokers/revoker.ts';
import type { Transport } from '../transports/transport.ts';

const TIMEOUT_MS = 15_000;

export interface CanaryRequest {
  gateway: string;
  place: string;
  actor: string;
}

export interface CanaryParts {
  transport: Transport;
  revokers: ReadonlyMap<string, Revoker>;
  write: (entry: AuditEntry) => Promise<void>;
  now: () => number;
}

/** Mints a key that nobody may use and tells detect where it lies. Audited first; the plaintext is given once and kept
 *  nowhere. */
export async function createCanary(
  { transport, revokers, write, now }: CanaryParts,
  { gateway, place, actor }: CanaryRequest,
): Promise<{ key: string; keyId: KeyId }> {
  const revoker = revokers.get(gateway);
  if (revoker === undefined) {
    const known = revokers.size === 0 ? 'none is' : `${[...revokers.keys()].join(', ')} is`;
    throw new AppError(
      'E_NOT_FOUND',
      `No gateway “${gateway}” is set up: ${known}. Name it under gateways in the settings.`,
    );
  }
  const at = now();
  const detail = { ref: `canary/${gateway}/${at}`, place };
  await write({ ts: at, actor, action: 'canary-requested', target: gateway, incidentId: '', detail });
  // Writing may have waited for brokers, and whoever asked has gone: nobody would ever see the key.
  if (now() - at > TIMEOUT_MS)
    throw new AppError('E_BUSY', 'The audit record took too long, so no canary was minted. Try again.');
  const { keyId, plaintext } = await revoker.createCanary(place, AbortSignal.timeout(TIMEOUT_MS));
  const fact: Fact = { type: 'canary', keyId, at: now(), place, gateway };
  await transport.append('facts', [{ key: keyId, id: `canary/${keyId}`, value: JSON.stringify(fact) }]);
  return { key: plaintext, keyId };
}
