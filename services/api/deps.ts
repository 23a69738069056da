import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance, FastifyTypeProvider, RawServerDefault } from 'fastify';
import type { z } from 'zod';
import type { KeySummary, Papers } from '../../detectors/detector.ts';
import type { KeyId } from '../../detectors/event.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Scope } from '../auth/tokens.ts';
import type { Log } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Secret } from '../secret.ts';
import type { Store } from '../stores/store.ts';
import type { Transport } from '../transports/transport.ts';
import type { Actor, Authorize } from './authorize.ts';
import type { Promotion } from './ledger.ts';
import type { SystemStatus } from './schema.ts';

export interface ApiDeps {
  store: Store;
  transport: Pick<Transport, 'append'>;
  authorize: Authorize;
  sessions: Sessions;
  metrics: Metrics;
  log: Log;
  now: () => number;
  /** Folder of the built page. */
  webRoot: string;
  /** How people reach the page, when that is not the address it listens on. */
  publicUrl: string | undefined;
  /** JSON file with GitHub's public keys for secret scanning. */
  githubKeysFile: string | undefined;
  gitguardianToken: Secret | undefined;
  detectors: readonly Papers[];
  /** What a detector must have shown before it is fit to block by itself. */
  promotion: Promotion;
  describeKey(keyId: KeyId): KeySummary | undefined;
  status(): Promise<SystemStatus>;
  /** Undefined where no gateway credential is at hand. */
  createCanary:
    | ((request: { gateway: string; place: string; actor: string }) => Promise<{ key: string; keyId: KeyId }>)
    | undefined;
}

/** `public`: anybody. `signed`: the sender signs the body instead of sending a token. */
export type Access = Scope | 'public' | 'signed';

/** Schemas of routes are zod's; the types of handlers follow from them. */
interface ZodTypes extends FastifyTypeProvider {
  validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown;
}

export type Api = FastifyInstance<
  RawServerDefault,
  IncomingMessage,
  ServerResponse,
  FastifyBaseLogger,
  ZodTypes
>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route. One without it keeps the server from starting. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Who asks; set before the body is read. */
    actor: Actor | undefined;
  }
}
