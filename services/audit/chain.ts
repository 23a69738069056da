import { createHash } from 'node:crypto';
import { parseJson } from '../json-text.ts';
import type { AuditEntry, AuditRecord } from './audit-log.ts';
import { canonicalJson } from './canonical.ts';

/** Where a chain stands: its newest record. */
export interface Head {
  seq: number;
  hash: string;
  ts: number;
}

/** What the first record names as its predecessor. */
export const BEGINNING: Head = { seq: 0, hash: '0'.repeat(64), ts: 0 };

function hashOf(prevHash: string, content: Omit<AuditRecord, 'prevHash' | 'hash'>): string {
  return createHash('sha256').update(prevHash).update(canonicalJson(content)).digest('hex');
}

/** The record that follows `head`. Time never runs backwards in a chain: when the clock was set back, the record keeps
 *  the later time and says in `detail.clock` what the clock showed. */
export function nextRecord(head: Head, entry: AuditEntry): AuditRecord {
  const isSetBack = entry.ts < head.ts;
  const content = {
    seq: head.seq + 1,
    ts: isSetBack ? head.ts : entry.ts,
    actor: entry.actor,
    action: entry.action,
    target: entry.target,
    incidentId: entry.incidentId,
    detail: isSetBack ? { ...entry.detail, clock: entry.ts } : entry.detail,
  };
  return { ...content, prevHash: head.hash, hash: hashOf(head.hash, content) };
}

export function encodeRecord(record: AuditRecord): string {
  return `${canonicalJson(record)}\n`;
}

const FIELDS = 'action,actor,detail,hash,incidentId,prevHash,seq,target,ts';

/** The record of a line if it is exactly as it was written, byte by byte; undefined if it was changed. */
export function decodeRecord(line: Buffer): AuditRecord | undefined {
  const value = parseJson(line.toString('utf8'));
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.keys(value).join(',') !== FIELDS) return undefined;
  const { hash, prevHash, ...content } = value as AuditRecord;
  if (!Number.isSafeInteger(content.seq) || typeof content.ts !== 'number') return undefined;
  if (!Buffer.from(canonicalJson(value)).equals(line)) return undefined;
  return typeof prevHash === 'string' && hashOf(prevHash, content) === hash
    ? (value as AuditRecord)
    : undefined;
}
