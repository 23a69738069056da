import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { parseJson } from '../json-text.ts';
import { canonicalJson } from './canonical.ts';
import type { AuditFiles } from './files.ts';

/** A signed statement: at `time` the chain had `count` records and ended in `head`. Numbered from 1, so that one that
 *  was taken out leaves a gap. */
export interface Checkpoint {
  number: number;
  count: number;
  head: string;
  time: number;
}

/** The key that signs checkpoints, made once; its public half lies beside it. Undefined when it is gone although it
 *  signed something: a new one would make the old signatures look forged. */
export function openSigningKey({ privateKey, publicKey, checkpoints }: AuditFiles): KeyObject | undefined {
  if (!existsSync(privateKey)) {
    if (existsSync(checkpoints)) return undefined;
    const pair = generateKeyPairSync('ed25519');
    mkdirSync(dirname(privateKey), { recursive: true, mode: 0o700 });
    writeFileSync(publicKey, pair.publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644 });
    writeFileSync(privateKey, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), {
      mode: 0o600,
      flag: 'wx',
    });
  }
  return createPrivateKey(readFileSync(privateKey));
}

/** Undefined when there is none that can be read. */
export function readPublicKey({ publicKey }: AuditFiles): KeyObject | undefined {
  try {
    return createPublicKey(readFileSync(publicKey));
  } catch {
    return undefined;
  }
}

export function encodeCheckpoint(checkpoint: Checkpoint, key: KeyObject): string {
  const signature = sign(null, Buffer.from(canonicalJson(checkpoint)), key).toString('base64');
  return `${canonicalJson({ ...checkpoint, signature })}\n`;
}

/** The checkpoint of a line if its signature is good and not a byte was changed. */
export function decodeCheckpoint(line: Buffer, key: KeyObject): Checkpoint | undefined {
  const value = parseJson(line.toString('utf8'));
  if (typeof value !== 'object' || value === null || !('signature' in value)) return undefined;
  const { signature, ...checkpoint } = value as Checkpoint & { signature: unknown };
  if (typeof signature !== 'string' || !Buffer.from(canonicalJson(value)).equals(line)) return undefined;
  const signatureBytes = Buffer.from(signature, 'base64');
  // Several texts decode to the same bytes; only one of them was written.
  if (signatureBytes.toString('base64') !== signature) return undefined;
  return verify(null, Buffer.from(canonicalJson(checkpoint)), key, signatureBytes) ? checkpoint : undefined;
}
