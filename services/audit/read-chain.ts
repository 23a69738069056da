import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { AuditRecord } from './audit-log.ts';
import { BEGINNING, decodeRecord } from './chain.ts';
import type { Head } from './chain.ts';
import type { AuditFiles } from './files.ts';
import { readLines } from './lines.ts';
import { decodeCheckpoint, readPublicKey } from './signing.ts';
import type { Checkpoint } from './signing.ts';

/** A statement about the chain from outside of it. */
export interface Claim {
  count: number;
  /** The hash, or its beginning. */
  head: string;
  /** Who says so, as the subject of a sentence. */
  source: string;
}

/** What was left of a write that a crash interrupted; nobody was told that it was done. */
export interface TornTail {
  sizeBytes: number;
  sha256: string;
}

export interface ChainState {
  head: Head;
  /** Bytes of whole records. */
  sizeBytes: number;
  torn: TornTail | undefined;
  problems: string[];
}

export interface CheckpointState {
  last: Checkpoint | undefined;
  sizeBytes: number;
  claims: Claim[];
  problems: string[];
}

/** Reads all signed checkpoints and checks that each is ours and none is missing between them. */
export async function readCheckpoints(files: AuditFiles): Promise<CheckpointState> {
  const state: CheckpointState = { last: undefined, sizeBytes: 0, claims: [], problems: [] };
  const key = readPublicKey(files);
  if (key === undefined) {
    if (existsSync(files.checkpoints))
      state.problems.push(`The public key ${files.publicKey} is missing: signatures cannot be checked.`);
    return state;
  }
  let line = 0;
  for await (const { bytes, end, isWhole } of readLines(files.checkpoints)) {
    if (!isWhole) break;
    line += 1;
    state.sizeBytes = end;
    const checkpoint = decodeCheckpoint(bytes, key);
    if (checkpoint === undefined) state.problems.push(`Checkpoint in line ${line}: bad signature.`);
    else takeCheckpoint(state, checkpoint);
  }
  return state;
}

function takeCheckpoint(state: CheckpointState, checkpoint: Checkpoint): void {
  const { number, count, head, time } = checkpoint;
  const expected = (state.last?.number ?? 0) + 1;
  if (number !== expected && state.problems.length === 0) {
    state.problems.push(`Checkpoint ${expected} is missing or out of place; ${number} stands there.`);
  }
  if (count < (state.last?.count ?? 0)) {
    state.problems.push(
      `Forked head: checkpoint ${number} counts ${count} records, an earlier one counts more.`,
    );
  }
  state.last = checkpoint;
  state.claims.push({ count, head, source: `The signed checkpoint of ${new Date(time).toISOString()}` });
}

/** Reads the whole chain and compares it with what others say about it. Goes on after a problem, to name all. */
export async function readChain(files: AuditFiles, claims: readonly Claim[]): Promise<ChainState> {
  const state: ChainState = { head: BEGINNING, sizeBytes: 0, torn: undefined, problems: [] };
  const byCount = groupByCount(claims);
  checkClaims(state, byCount);
  let line = 0;
  for await (const { bytes, end, isWhole } of readLines(files.records)) {
    line += 1;
    if (!isWhole) {
      state.torn = { sizeBytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
      break;
    }
    takeLine(state, bytes, line);
    state.sizeBytes = end;
    checkClaims(state, byCount);
  }
  for (const { source, count } of [...byCount.values()].flat()) {
    // Those within the file stand for records that were named as missing already.
    if (count > state.head.seq)
      state.problems.push(`Cut tail: ${source} counts ${count} records, the file ends at ${state.head.seq}.`);
  }
  return state;
}

function takeLine(state: ChainState, bytes: Buffer, line: number): void {
  const record = decodeRecord(bytes);
  if (record === undefined) {
    state.problems.push(`Record ${state.head.seq + 1} (line ${line}) was changed.`);
    // Its successor names its hash; whether that is true can no longer be told.
    state.head = { seq: state.head.seq + 1, hash: '', ts: state.head.ts };
    return;
  }
  state.problems.push(...misplacements(state.head, record, line));
  state.head = { seq: record.seq, hash: record.hash, ts: Math.max(record.ts, state.head.ts) };
}

function misplacements(head: Head, record: AuditRecord, line: number): string[] {
  const where = `Record ${record.seq} (line ${line})`;
  const expected = head.seq + 1;
  if (record.seq > expected)
    return [`Missing: records ${expected} to ${record.seq - 1} are not there (line ${line}).`];
  if (record.seq < expected) return [`${where} is out of place: ${expected} should stand there.`];
  const problems: string[] = [];
  if (head.hash !== '' && record.prevHash !== head.hash)
    problems.push(`Forked head: ${where} follows another record than the one before it.`);
  if (record.ts < head.ts) problems.push(`Clock regression: ${where} is dated before the one before it.`);
  return problems;
}

function groupByCount(claims: readonly Claim[]): Map<number, Claim[]> {
  const byCount = new Map<number, Claim[]>();
  for (const claim of claims) byCount.set(claim.count, [...(byCount.get(claim.count) ?? []), claim]);
  return byCount;
}

/** Claims about the record the chain has just reached. */
function checkClaims({ head, problems }: ChainState, byCount: Map<number, Claim[]>): void {
  for (const claim of byCount.get(head.seq) ?? []) {
    if (head.hash !== '' && !head.hash.startsWith(claim.head)) {
      problems.push(`Forked head: ${claim.source} names another record ${claim.count} than the file.`);
    }
  }
  byCount.delete(head.seq);
}
