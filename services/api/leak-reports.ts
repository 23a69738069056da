import { z } from 'zod';
import { AppError } from '../errors.ts';
import { parseJson } from '../json-text.ts';
import { cleanPlace, digestOf, isUsableKey } from './leak-facts.ts';
import type { FoundKey } from './leak-facts.ts';

/** Bodies as scanners write them. What is not named here is never looked at. */

export const githubReportSchema = z
  .array(
    z.object({
      token: z.string(),
      type: z.string(),
      url: z.string().nullish(),
      source: z.string().nullish(),
    }),
  )
  .max(50_000);

export const gitleaksReportSchema = z
  .array(
    z.object({
      Secret: z.string().optional(),
      File: z.string().optional(),
      StartLine: z.number().optional(),
      Commit: z.string().optional(),
      Link: z.string().optional(),
    }),
  )
  .max(50_000);

export const trufflehogReportSchema = z
  .array(
    z.object({
      Raw: z.string().optional(),
      Verified: z.boolean().optional(),
      SourceName: z.string().optional(),
      SourceMetadata: z.object({ Data: z.record(z.string(), z.unknown()).nullish() }).nullish(),
    }),
  )
  .max(50_000);

export interface Reported {
  found: FoundKey[];
  skipped: number;
}

function collect<Entry>(entries: readonly Entry[], read: (entry: Entry) => FoundKey | undefined): Reported {
  const found = entries.map(read).filter((one) => one !== undefined);
  return { found, skipped: entries.length - found.length };
}

function foundKey(key: unknown, url: unknown, isVerified: boolean): FoundKey | undefined {
  return isUsableKey(key) ? { sha256: digestOf(key), url: cleanPlace(url), isVerified } : undefined;
}

export function readGithub(report: z.infer<typeof githubReportSchema>): Reported {
  return collect(report, ({ token, url }) => foundKey(token, url, true));
}

export function readGitleaks(report: z.infer<typeof gitleaksReportSchema>): Reported {
  return collect(report, ({ Secret, File = '', StartLine = 0, Commit = '', Link }) => {
    const commit = Commit === '' ? '' : ` in ${Commit.slice(0, 12)}`;
    return foundKey(Secret, Link ?? `${File}:${StartLine}${commit}`, true);
  });
}

/** `Verified` means that the scanner tried the secret and it worked. */
export function readTrufflehog(report: z.infer<typeof trufflehogReportSchema>): Reported {
  return collect(report, ({ Raw, Verified = false, SourceMetadata }) => {
    const place = Object.values(SourceMetadata?.Data ?? {})[0] as Record<string, unknown> | undefined;
    return foundKey(Raw, place?.['link'] ?? place?.['file'] ?? place?.['repository'], Verified);
  });
}

const GITGUARDIAN_ENDED = /resolved|ignored|revoked/;
const MAX_DEPTH = 6;

export const gitguardianReportSchema = z.looseObject({
  action: z.string().optional(),
  incident: z.looseObject({ gitguardian_url: z.string().nullish() }).nullish(),
  occurrence: z.looseObject({ url: z.string().nullish() }).nullish(),
});

/** GitGuardian's own bodies name the incident but hold neither the secret nor a digest we could compare, so most have
 *  nothing for us. Where the sender adds `sha256` or the secret itself (`secret`, `match`), it is taken. */
export function readGitguardian(report: z.infer<typeof gitguardianReportSchema>): Reported {
  const url = report.occurrence?.url ?? report.incident?.gitguardian_url;
  const isOver = GITGUARDIAN_ENDED.test(report.action ?? '');
  const keys = isOver ? [] : [...keysIn(report, MAX_DEPTH)];
  if (keys.length === 0) return { found: [], skipped: 1 };
  return { found: keys.map((sha256) => ({ sha256, url: cleanPlace(url), isVerified: true })), skipped: 0 };
}

function* keysIn(value: unknown, depth: number): Generator<string> {
  if (typeof value !== 'object' || value === null || depth === 0) return;
  for (const [name, inner] of Object.entries(value)) {
    const digest = digestIn(name, inner);
    if (digest === undefined) yield* keysIn(inner, depth - 1);
    else yield digest;
  }
}

function digestIn(name: string, value: unknown): string | undefined {
  if (!isUsableKey(value)) return undefined;
  if (name === 'sha256') return /^[0-9a-f]{64}$/i.test(value) ? value : undefined;
  return name === 'secret' || name === 'match' ? digestOf(value) : undefined;
}

/** A parser's own message quotes the body, which may hold a key. */
export function parseDocument(body: Buffer): unknown {
  const document = parseJson(body.toString('utf8'));
  if (document === undefined) throw new AppError('E_BAD_REQUEST', 'The body is not JSON.');
  return document;
}

/** One JSON object a line, or an array of them. */
export function parseLines(body: Buffer): unknown {
  const text = body.toString('utf8');
  const whole = parseJson(text);
  if (whole !== undefined) return Array.isArray(whole) ? whole : [whole];
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const records = lines.map(parseJson);
  if (records.includes(undefined)) {
    throw new AppError('E_BAD_REQUEST', `Line ${records.indexOf(undefined) + 1} of the body is not JSON.`);
  }
  return records;
}
