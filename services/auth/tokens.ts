import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError, messageOf } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { TokenFile } from './token-file.ts';

export const SCOPES = ['ingest', 'metrics', 'read', 'triage', 'act', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Who a token stands for. */
export interface Identity {
  id: string;
  name: string;
  scope: Scope;
  /** Epoch milliseconds; undefined for tokens of the settings. */
  expiresAt: number | undefined;
}

export interface NewToken {
  scope: Scope;
  expiresAt: number;
  name: string;
}

export interface Tokens {
  /** The text is given this once; only its SHA-256 is kept. */
  create(options: NewToken): Promise<{ text: string; id: string }>;
  authenticate(text: string): Promise<Identity | undefined>;
  /** The identity of a token that is still good; undefined once it expired or was removed. */
  find(id: string): Promise<Identity | undefined>;
  list(): readonly Identity[];
}

export interface TokenOptions {
  /** Data folder; holds `tokens.json`. */
  dir: string;
  now: () => number;
  /** Tokens that are not in the file: those of the settings, and the one of this machine's command line. */
  fixed?: readonly { text: Secret; scope: Scope; name: string }[];
}

const RANKS: Partial<Record<Scope, number>> = { metrics: 0, read: 1, triage: 2, act: 3, admin: 4 };

/** metrics < read < triage < act < admin; ingest stands alone, and admin has it too. */
export function includesScope(has: Scope, needs: Scope): boolean {
  if (has === needs || has === 'admin') return true;
  return (RANKS[has] ?? 0) > (RANKS[needs] ?? Infinity);
}

export async function openTokens(options: TokenOptions): Promise<Tokens> {
  return new TokenTable(options);
}

const fileSchema = z.object({
  tokens: z.array(
    z.object({
      id: z.string().min(1),
      name: z.string(),
      scope: z.enum(SCOPES),
      /** Of the whole token, in hex. The secret has 256 bits of chance, so a slow hash would add nothing. */
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
      createdAt: z.iso.datetime(),
      expiresAt: z.iso.datetime(),
    }),
  ),
});
type StoredToken = z.infer<typeof fileSchema>['tokens'][number];
type Entry = Identity & { hash: Buffer };

/** A change of the file by another process is noticed within this time; a token not found looks at once. */
const LOOK_EVERY_MS = 1_000;

class TokenTable implements Tokens {
  readonly #file: TokenFile;
  readonly #now: () => number;
  readonly #fixed: readonly Entry[];
  #byHash: ReadonlyMap<string, Entry> = new Map();
  #version: string | undefined;
  #lookedAt = -Infinity;

  constructor({ dir, now, fixed = [] }: TokenOptions) {
    this.#file = new TokenFile(dir);
    this.#now = now;
    this.#fixed = fixed.map(({ text, scope, name }) => {
      const hash = sha256(text.reveal());
      return { id: `fixed-${hash.toString('hex').slice(0, 8)}`, name, scope, expiresAt: undefined, hash };
    });
    this.#look();
  }

  async create({ scope, expiresAt, name }: NewToken) {
    if (expiresAt <= this.#now()) throw new AppError('E_BAD_REQUEST', 'A token must expire in the future.');
    const id = randomBytes(4).toString('hex');
    const text = `gwt_${id}.${randomBytes(32).toString('base64url')}`;
    const token: StoredToken = {
      id,
      name: cleanName(name),
      scope,
      sha256: sha256(text).toString('hex'),
      createdAt: new Date(this.#now()).toISOString(),
      expiresAt: new Date(expiresAt).toISOString(),
    };
    await this.#file.update((before) => {
      const good = this.#parse(before).filter((one) => Date.parse(one.expiresAt) > this.#now());
      return `${JSON.stringify({ tokens: [...good, token] }, null, 2)}\n`;
    });
    this.#look();
    return { text, id };
  }

  async authenticate(text: string): Promise<Identity | undefined> {
    const hash = sha256(text);
    const name = hash.toString('hex');
    if (this.#now() - this.#lookedAt >= LOOK_EVERY_MS || !this.#byHash.has(name)) this.#look();
    const entry = this.#byHash.get(name);
    if (entry === undefined || !timingSafeEqual(entry.hash, hash)) return undefined;
    return this.#isGood(entry) ? identityOf(entry) : undefined;
  }

  async find(id: string): Promise<Identity | undefined> {
    return this.list().find((one) => one.id === id);
  }

  list(): readonly Identity[] {
    this.#look();
    return [...this.#byHash.values()].filter((entry) => this.#isGood(entry)).map(identityOf);
  }

  #isGood({ expiresAt }: Entry): boolean {
    return expiresAt === undefined || expiresAt > this.#now();
  }

  /** Reads the file if it changed. One that cannot be read keeps a program from starting, but does not shut out those
   *  who are known to one that runs. */
  #look(): void {
    this.#lookedAt = this.#now();
    const version = this.#file.version();
    if (version === this.#version) return;
    try {
      const stored = this.#parse(this.#file.read()).map(entryOf);
      this.#byHash = new Map([...stored, ...this.#fixed].map((entry) => [entry.hash.toString('hex'), entry]));
      this.#version = version;
    } catch (error) {
      if (this.#version === undefined) throw error;
    }
  }

  #parse(text: string | undefined): StoredToken[] {
    if (text === undefined) return [];
    try {
      return fileSchema.parse(JSON.parse(text)).tokens;
    } catch (cause) {
      const reason =
        cause instanceof z.ZodError ? (cause.issues[0]?.message ?? 'wrong shape') : messageOf(cause);
      const advice = 'Correct it, or move it away and make new tokens.';
      throw new AppError('E_CONFIG', `${this.#file.path} cannot be read (${reason}). ${advice}`, { cause });
    }
  }
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function entryOf({ id, name, scope, sha256: hex, expiresAt }: StoredToken): Entry {
  return { id, name, scope, expiresAt: Date.parse(expiresAt), hash: Buffer.from(hex, 'hex') };
}

function identityOf({ id, name, scope, expiresAt }: Entry): Identity {
  return { id, name, scope, expiresAt };
}

/** The name goes into the audit log and onto the page. */
function cleanName(name: string): string {
  return name
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')
    .trim()
    .slice(0, 80);
}
