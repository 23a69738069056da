const WINDOW_MS = 60_000;
const MAX_FAILURES = 20;
const MAX_ADDRESSES = 10_000;

/** Failed authentications by address, so that nobody tries tokens at leisure. */
export interface Attempts {
  isOver(address: string): boolean;
  noteFailure(address: string): void;
}

interface Window {
  startedAt: number;
  failures: number;
}

export function createAttempts(now: () => number): Attempts {
  /** In the order of their windows' starts; the oldest goes when there are too many. */
  const windows = new Map<string, Window>();
  const current = (address: string): Window | undefined => {
    const window = windows.get(address);
    return window !== undefined && now() - window.startedAt < WINDOW_MS ? window : undefined;
  };
  return {
    isOver(address) {
      return (current(networkOf(address))?.failures ?? 0) >= MAX_FAILURES;
    },
    noteFailure(address) {
      const network = networkOf(address);
      const window = current(network);
      if (window !== undefined) {
        window.failures += 1;
        return;
      }
      windows.delete(network);
      windows.set(network, { startedAt: now(), failures: 1 });
      const oldest = windows.size > MAX_ADDRESSES ? windows.keys().next().value : undefined;
      if (oldest !== undefined) windows.delete(oldest);
    },
  };
}

/** Whoever has one IPv6 address has 2^64 of them. */
function networkOf(address: string): string {
  const isMapped = address.toLowerCase().startsWith('::ffff:');
  return address.includes(':') && !isMapped ? address.split(':').slice(0, 4).join(':') : address;
}
