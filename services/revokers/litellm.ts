import { createHash, randomBytes, randomInt } from 'node:crypto';
import type { KeyId } from '../../detectors/event.ts';
import { AppError } from '../errors.ts';
import {
  confirmBlocked,
  isUnknownKey,
  keyState,
  readKeyInfo,
  readNewKey,
  unknownKey,
} from './litellm-answers.ts';
import { LitellmClient } from './litellm-client.ts';
import type { ClientParts, LitellmSettings } from './litellm-client.ts';
import { diagnoseLitellm, orUndefined } from './litellm-diagnose.ts';
import type { Revoker } from './revoker.ts';

export interface LitellmParts extends ClientParts {
  now?: () => number;
}

const KEY_HASH = /^[0-9a-f]{64}$/;
/** Workers keep what they know about a key for 60 s; the rest is for calls on their way and for the log. */
const EFFECT_DEADLINE_MS = 90_000;

/** LiteLLM's key API, by the hash that its log carries: the key itself is never needed. */
export function litellmRevoker(settings: LitellmSettings, parts: LitellmParts): Revoker {
  const { name: gateway, url, key } = settings;
  const { now = Date.now } = parts;
  const client = new LitellmClient(settings, parts);
  const ownKeyId = createHash('sha256').update(key.reveal()).digest('hex');

  async function setBlocked(
    keyId: KeyId,
    isBlocked: boolean,
    note: string,
    signal: AbortSignal,
  ): Promise<void> {
    const path = isBlocked ? '/key/block' : '/key/unblock';
    // What is no hash is the master key or a credential of somebody else: no key of this gateway.
    if (!KEY_HASH.test(keyId)) throw unknownKey({ gateway });
    if (isBlocked && keyId === ownKeyId) {
      throw new AppError(
        'E_REVOKER_DENIED',
        `This is the key that gatewatch itself uses at ${gateway}. Replace it there and here, then block it by hand.`,
        { gateway, keyId },
      );
    }
    const answer = await client.send({ method: 'POST', path, body: { key: keyId }, note }, signal);
    confirmBlocked(answer, isBlocked, { gateway, path });
  }

  return {
    gateway,
    effectDeadlineMs: EFFECT_DEADLINE_MS,
    async inspect(keyId, signal) {
      if (!KEY_HASH.test(keyId)) return { state: 'unknown' };
      const answer = await client.send({ method: 'GET', path: `/key/info?key=${keyId}` }, signal);
      return isUnknownKey(answer) ? { state: 'unknown' } : keyState(readKeyInfo(answer, gateway), now());
    },
    block: (keyId, note, signal) => setBlocked(keyId, true, note, signal),
    restore: (keyId, note, signal) => setBlocked(keyId, false, note, signal),
    async createCanary(_place, signal) {
      const answer = await client.send(
        { method: 'POST', path: '/key/generate', body: canaryBody(), note: 'canary' },
        signal,
      );
      const { key: plaintext, token } = readNewKey(answer, gateway);
      return { keyId: token as KeyId, plaintext };
    },
    diagnose: (signal) =>
      diagnoseLitellm({ name: gateway, url }, (request) => orUndefined(client.send(request, signal)), now()),
  };
}

const ALIAS_WORDS = ['api', 'backend', 'batch', 'ci', 'etl', 'jobs', 'svc', 'worker'];

/** Nothing that this key may do costs anything: it has no budget, and its only model exists nowhere. A thief can ask the
 *  gateway about a key in hand, so its name and the rest look like those of any other, and where it lies is not told. */
function canaryBody() {
  const word = ALIAS_WORDS[randomInt(ALIAS_WORDS.length)] ?? 'svc';
  const tag = randomBytes(4).toString('hex');
  return { key_alias: `${word}-${tag}`, models: [`gpt-4o-${tag.slice(0, 4)}`], max_budget: 0, metadata: {} };
}
