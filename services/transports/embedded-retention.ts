import { setImmediate } from 'node:timers/promises';
import { readHeader } from './embedded-batch.ts';
import type { Files } from './embedded-files.ts';
import { forgottenChunks } from './embedded-fingerprints.ts';

/** Few at a time: an entry may be a megabyte, and appends wait while a transaction is open. */
const ENTRIES_PER_STEP = 16;

export interface RetentionOptions {
  files: Files;
  removeBefore: number;
  signal: AbortSignal;
}

/** Removes entries that are old enough and that every known group has handled. Resolves with their number. */
export async function removeOld({ files, removeBefore, signal }: RetentionOptions): Promise<number> {
  let removed = 0;
  for (const { key: topic, value: ends } of Array.from(files.ends.getRange({}))) {
    for (const partition of ends.keys()) {
      for (;;) {
        if (signal.aborted) return removed;
        if (removable(files, topic, partition, removeBefore).length === 0) break;
        // Looked at again inside the transaction: a group may have come since.
        removed += await files.root.childTransaction(() => {
          const keys = removable(files, topic, partition, removeBefore);
          for (const key of keys) files.entries.removeSync(key);
          return keys.length;
        });
        await setImmediate();
      }
    }
  }
  return removed;
}

/** Removes fingerprints that no append looks at any more. */
export async function removeForgotten(files: Files, signal: AbortSignal): Promise<void> {
  for (;;) {
    const keys = forgottenChunks(files, ENTRIES_PER_STEP);
    if (keys.length === 0 || signal.aborted) return;
    await files.root.childTransaction(() => {
      for (const key of keys) files.chunks.removeSync(key);
    });
  }
}

function removable(
  files: Files,
  topic: string,
  partition: number,
  removeBefore: number,
): [string, number, number][] {
  const handled = handledByAll(files, topic, partition);
  const keys: [string, number, number][] = [];
  const range = { start: [topic, partition, 0], end: [topic, partition, Infinity], limit: ENTRIES_PER_STEP };
  for (const { key, value } of files.entries.getRange(range)) {
    const { count, appendedAt } = readHeader(value);
    if (appendedAt >= removeBefore || key[2] + count > handled) break;
    keys.push(key);
  }
  return keys;
}

/** Offset up to which every group that ever read the topic is through. */
function handledByAll(files: Files, topic: string, partition: number): number {
  let handled = Infinity;
  for (const { key, value } of files.positions.getRange({ start: [topic] })) {
    if (key[0] !== topic) break;
    if (key[2] === partition) handled = Math.min(handled, value);
  }
  return handled;
}
