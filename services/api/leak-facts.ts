import { createHash } from 'node:crypto';
import type { Fact } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { ApiDeps } from './deps.ts';

/** A key somebody found where it should not be: by its digest, never in clear. */
export interface FoundKey {
  sha256: string;
  url: string;
  isVerified: boolean;
}

const SHORTEST_KEY = 8;

/** What scanners write instead of a secret when they are told to hide it. */
const REDACTED = /^(redacted|\*+)$|(\.\.\.|\*{4,})$/i;

export function isUsableKey(key: unknown): key is string {
  return typeof key === 'string' && key.length >= SHORTEST_KEY && !REDACTED.test(key);
}

export function digestOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** A place as text for people; what could play tricks on a terminal or a page goes. */
export function cleanPlace(text: unknown): string {
  if (typeof text !== 'string') return '';
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').slice(0, 2_000);
}

/** Makes the reports known to the detectors; resolves when they are durable. Does the same work for every key: whether
 *  one is ours is not looked up, so the answer tells nothing about it. */
export async function reportLeaks(
  { transport, now }: Pick<ApiDeps, 'transport' | 'now'>,
  found: readonly FoundKey[],
  { source, by, foundAt }: { source: string; by: string; foundAt?: number | undefined },
): Promise<number> {
  const at = now();
  const facts = new Map<string, Fact & { type: 'leak' }>();
  for (const { sha256, url, isVerified } of found) {
    const keyId = sha256.toLowerCase() as KeyId;
    const before = facts.get(keyId);
    if (before?.isVerified === true) continue;
    facts.set(keyId, {
      type: 'leak',
      keyId,
      at,
      source: cleanPlace(source),
      by,
      url: cleanPlace(url),
      foundAt: Math.min(foundAt ?? at, at),
      isVerified,
    });
  }
  const records = [...facts.values()].map((fact) => ({
    key: fact.keyId,
    id: `leak/${fact.keyId}/${fact.source}/${fact.at}`,
    value: JSON.stringify(fact),
  }));
  await transport.append('facts', records);
  return found.length;
}
