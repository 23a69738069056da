import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { AppError, isErrno } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** Clocks differ a little; a report that was caught on its way must not be usable for long. */
const TIMESTAMP_TOLERANCE_MS = 60_000;

const githubKeysSchema = z.object({
  public_keys: z.array(z.object({ key_identifier: z.string(), key: z.string() })),
});

function refuse(message: string): AppError {
  return new AppError('E_UNAUTHORIZED', message);
}

/** A header a signed report must have; asked for before the body is read. Throws `E_UNAUTHORIZED`. */
export function requireHeader(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  if (typeof value === 'string' && value !== '') return value;
  throw refuse(`The header ${name} is missing.`);
}

/** GitHub signs the body as it is by ECDSA over P-256; its public keys lie in a file of the operator, so that nothing has
 *  to be fetched from outside. Throws `E_UNAUTHORIZED`. */
export async function verifyGithub(
  body: Buffer,
  headers: IncomingHttpHeaders,
  keysFile: string,
): Promise<void> {
  const identifier = requireHeader(headers, 'github-public-key-identifier');
  const signature = requireHeader(headers, 'github-public-key-signature');
  const { public_keys: keys } = await readGithubKeys(keysFile);
  const pem = keys.find((one) => one.key_identifier === identifier)?.key;
  if (pem === undefined)
    throw refuse('The public key is not in the file of GitHub’s keys. Fetch the file again.');
  const key = createPublicKey(pem);
  const isP256 = key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  if (!isP256 || !verify('sha256', body, key, Buffer.from(signature, 'base64')))
    throw refuse('The signature is wrong.');
}

async function readGithubKeys(file: string): Promise<z.infer<typeof githubKeysSchema>> {
  try {
    return githubKeysSchema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (cause) {
    const reason =
      cause instanceof z.ZodError ? 'it does not have the shape of GitHub’s answer' : codeOf(cause);
    // Whoever sends a report is not known yet, so the path stays out of it.
    throw new AppError('E_CONFIG', `The file of GATEWATCH_GITHUB_KEYS_FILE cannot be read: ${reason}.`, {
      cause,
    });
  }
}

function codeOf(error: unknown): string {
  return isErrno(error) ? (error.code ?? 'unknown') : 'it is not JSON';
}

/** GitGuardian: HMAC-SHA256 over the body; the key is the timestamp of the header followed by the token. */
export function verifyGitguardian(
  body: Buffer,
  headers: IncomingHttpHeaders,
  { token, now }: { token: Secret; now: number },
): void {
  const timestamp = requireHeader(headers, 'timestamp');
  const given = /^sha256=([0-9a-f]{64})$/i.exec(requireHeader(headers, 'gitguardian-signature'))?.[1];
  const wanted = createHmac('sha256', timestamp + token.reveal())
    .update(body)
    .digest();
  if (given === undefined || !timingSafeEqual(Buffer.from(given, 'hex'), wanted))
    throw refuse('The signature is wrong.');
  const sentAt = momentOf(timestamp);
  if (!(Math.abs(now - sentAt) <= TIMESTAMP_TOLERANCE_MS))
    throw refuse('The timestamp is too old, or the clocks differ.');
}

/** Epoch seconds or milliseconds, or ISO 8601. NaN for anything else. */
function momentOf(text: string): number {
  if (!/^\d{1,13}(\.\d{1,9})?$/.test(text)) return Date.parse(text);
  return Number(text) < 1e11 ? Number(text) * 1000 : Number(text);
}
