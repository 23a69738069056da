import { createHmac } from 'node:crypto';
import { AppError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** Signs by Standard Webhooks, version 1: `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. */
export type Sign = (id: string, timestamp: number, body: string) => string;

/** Takes one secret, or several `whsec_…` with spaces between while receivers move from one to the next; every
 *  signature is sent. Throws `E_CONFIG`. */
export function createSign(secret: Secret): Sign {
  const text = secret.reveal().trim();
  const keys = text.startsWith('whsec_') ? text.split(/\s+/).map(readWhsec) : [readText(text)];
  return (id, timestamp, body) =>
    keys
      .map((key) => `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`)
      .join(' ');
}

function readWhsec(text: string): Buffer {
  const base64 = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text)?.[1];
  const key = Buffer.from(base64 ?? '', 'base64');
  if (key.length < 24 || key.length > 64) {
    throw new AppError('E_CONFIG', 'The webhook’s secret must be whsec_ and the base64 of 24 to 64 bytes.');
  }
  return key;
}

function readText(text: string): Buffer {
  if (text.length < 24)
    throw new AppError('E_CONFIG', 'The webhook’s secret must have 24 characters or more.');
  return Buffer.from(text, 'utf8');
}
