import { createHash, randomBytes } from 'node:crypto';
import type { Identity, Tokens } from './tokens.ts';

const ABSOLUTE_MS = 12 * 3_600_000;
const IDLE_MS = 30 * 60_000;
/** Nobody has so many people on call; the longest idle one goes first. */
const MAX_SESSIONS = 1_000;

export interface Session extends Identity {
  /** When it ends at the latest, epoch milliseconds. */
  expiresAt: number;
}

/** People who signed in with a token, in memory: a restart signs everybody out. A session ends 12 hours after its
 *  start, after 30 minutes without a request, and with its token. */
export interface Sessions {
  open(identity: Identity): { id: string; session: Session };
  /** Counts as a request of the session. */
  find(id: string): Promise<Session | undefined>;
  close(id: string): void;
}

interface Stored {
  tokenId: string;
  expiresAt: number;
  usedAt: number;
}

export function createSessions({ tokens, now }: { tokens: Tokens; now: () => number }): Sessions {
  /** In the order of their last use. Ids are kept as digests, so that memory does not hold what signs in. */
  const sessions = new Map<string, Stored>();
  return {
    open(identity) {
      const id = randomBytes(32).toString('base64url');
      const expiresAt = Math.min(now() + ABSOLUTE_MS, identity.expiresAt ?? Infinity);
      sessions.set(digest(id), { tokenId: identity.id, expiresAt, usedAt: now() });
      for (const oldest of sessions.keys()) {
        if (sessions.size <= MAX_SESSIONS) break;
        sessions.delete(oldest);
      }
      return { id, session: { ...identity, expiresAt } };
    },
    async find(id) {
      const name = digest(id);
      const stored = sessions.get(name);
      if (stored === undefined) return undefined;
      sessions.delete(name);
      if (now() >= stored.expiresAt || now() - stored.usedAt >= IDLE_MS) return undefined;
      sessions.set(name, { ...stored, usedAt: now() });
      const identity = await tokens.find(stored.tokenId);
      if (identity === undefined) sessions.delete(name);
      return identity && { ...identity, expiresAt: stored.expiresAt };
    },
    close(id) {
      sessions.delete(digest(id));
    },
  };
}

function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
