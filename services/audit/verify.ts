import { existsSync } from 'node:fs';
import { auditFiles } from './files.ts';
import { readChain, readCheckpoints } from './read-chain.ts';
import type { Claim } from './read-chain.ts';

export interface Verification {
  ok: boolean;
  records: number;
  problems: string[];
  /** Worth knowing, not wrong. */
  notes: string[];
}

/** Shorter beginnings of a hash prove too little. */
const ANCHOR = /^(\d{1,15}):([0-9a-f]{16,64})$/;

/** `sequence:hash`, as notifications carry it. */
export function isAnchor(text: string): boolean {
  return readAnchor(text) !== undefined;
}

/** Computes the whole chain again and compares it with the signed checkpoints and with anchors (`sequence:hash`, as
 *  notifications carry them). It only reads, so it may run beside the server. */
export async function verifyAudit(dataDir: string, anchors: readonly string[]): Promise<Verification> {
  const files = auditFiles(dataDir);
  const problems: string[] = [];
  const claims = anchors.flatMap((anchor) => {
    const claim = readAnchor(anchor);
    if (claim === undefined)
      problems.push(`"${anchor}" is no anchor; an anchor is sequence:hash, as in notifications.`);
    return claim ?? [];
  });
  if (!existsSync(files.records)) {
    problems.push(
      `There is no ${files.records}. Either gatewatch never ran on this data folder, or the file was taken away.`,
    );
  }
  // Checkpoints first: while the server runs, the chain may only be longer than they say.
  const checkpoints = await readCheckpoints(files);
  const chain = await readChain(files, [...checkpoints.claims, ...claims]);
  if (chain.head.seq > 0 && checkpoints.claims.length === 0) {
    problems.push(`There are no signed checkpoints in ${files.checkpoints}, although there are records.`);
  }
  problems.push(...checkpoints.problems, ...chain.problems);
  const notes =
    chain.torn === undefined
      ? []
      : [`The last ${chain.torn.sizeBytes} bytes are an unfinished write, not a record.`];
  return { ok: problems.length === 0, records: chain.head.seq, problems, notes };
}

function readAnchor(text: string): Claim | undefined {
  const [, count, head] = ANCHOR.exec(text.trim().toLowerCase()) ?? [];
  if (count === undefined || head === undefined) return undefined;
  return { count: Number(count), head, source: `The anchor ${count}:${head.slice(0, 8)}…` };
}
