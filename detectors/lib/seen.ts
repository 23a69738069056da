/** Names a key has shown (clients, models, countries), with when and how often. Bounded: the one not seen for longest
 *  makes room. */
export interface Seen {
  name: string;
  firstAt: number;
  lastAt: number;
  calls: number;
}

export function findSeen(list: readonly Seen[], name: string): Seen | undefined {
  for (const one of list) if (one.name === name) return one;
  return undefined;
}

/** Counts a sighting; true when the name is new. */
export function noteSeen(list: Seen[], name: string, ts: number, max: number): boolean {
  const known = findSeen(list, name);
  if (known !== undefined) {
    known.calls += 1;
    if (ts > known.lastAt) known.lastAt = ts;
    return false;
  }
  if (list.length >= max) list.splice(oldest(list), 1);
  list.push({ name, firstAt: ts, lastAt: ts, calls: 1 });
  return true;
}

function oldest(list: readonly { lastAt: number }[]): number {
  let at = 0;
  for (let index = 1; index < list.length; index += 1) {
    if ((list[index]?.lastAt ?? 0) < (list[at]?.lastAt ?? 0)) at = index;
  }
  return at;
}
