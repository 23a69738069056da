import type { KeyId } from '../../detectors/event.ts';

/** A key as the gateway itself describes it. */
export type KeyAtGateway =
  | { state: 'unknown' }
  | {
      state: 'active' | 'blocked' | 'deleted' | 'expired';
      keyAlias: string;
      team: string;
      user: string;
      spendUsd: number;
    };

/** Takes keys out of service at one gateway, reversibly. Never deletes.
 *
 *  Every call is idempotent. Failures: `E_REVOKER_DENIED` (our credential is wrong or too weak: a retry cannot
 *  help), `E_REVOKER_UNKNOWN_KEY` (final), `E_REVOKER_UNAVAILABLE` (a retry may help). */
export interface Revoker {
  gateway: string;
  inspect(keyId: KeyId, signal: AbortSignal): Promise<KeyAtGateway>;
  block(keyId: KeyId, note: string, signal: AbortSignal): Promise<void>;
  restore(keyId: KeyId, note: string, signal: AbortSignal): Promise<void>;
  /** Mints a key that can do nothing and costs nothing, to be planted. The plaintext is given once. */
  createCanary(place: string, signal: AbortSignal): Promise<{ keyId: KeyId; plaintext: string }>;
  /** What the operator should know: reachability, rights of our credential that are too wide, settings that open
   *  holes. Never changes anything at the gateway. */
  diagnose(signal: AbortSignal): Promise<Diagnosis[]>;
  /** How long a block may take to reach every worker of the gateway. */
  effectDeadlineMs: number;
}

export interface Diagnosis {
  level: 'ok' | 'warning' | 'problem';
  code: string;
  text: string;
}
