export interface Member {
  id: string;
  /** Partitions it has had until now. */
  has: readonly number[];
}

/** Gives every partition to one member, the same number to each as far as possible, and leaves as many as possible where
 *  they are: a partition that moves has to be restored from its checkpoint. */
export function spread(partitions: number, members: readonly Member[]): Map<string, number[]> {
  const sorted = [...members].sort((a, b) => b.has.length - a.has.length || compare(a.id, b.id));
  const base = Math.floor(partitions / sorted.length);
  const larger = partitions % sorted.length;
  const shares = sorted.map(({ id, has }, index) => ({
    id,
    has,
    room: base + (index < larger ? 1 : 0),
    gets: [] as number[],
  }));
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  for (const share of shares) {
    for (const partition of share.has) {
      if (share.gets.length < share.room && free.delete(partition)) share.gets.push(partition);
    }
  }
  for (const share of shares) {
    for (const partition of free) {
      if (share.gets.length === share.room) break;
      free.delete(partition);
      share.gets.push(partition);
    }
  }
  return new Map(shares.map(({ id, gets }) => [id, gets.sort((a, b) => a - b)]));
}

/** Gives everything to one member: to the one that has most of it, else to the first by name. */
export function toOne(partitions: number, members: readonly Member[]): Map<string, number[]> {
  const [first, ...others] = [...members].sort((a, b) => b.has.length - a.has.length || compare(a.id, b.id));
  if (first === undefined) return new Map();
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  return new Map([[first.id, all], ...others.map(({ id }): [string, number[]] => [id, []])]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
