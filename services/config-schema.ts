import { BlockList, isIP } from 'node:net';
import { z } from 'zod';
import { parseClickHouseUrl } from './clickhouse-url.ts';
import { parseListen } from './listen-address.ts';
import { Secret } from './secret.ts';

export const MODES = ['observe', 'certain', 'enforce'] as const;
export const STEPS = ['ingest', 'detect', 'respond', 'api'] as const;
export type Step = (typeof STEPS)[number];

/** Private ranges: a gateway usually sits behind proxies of its own network. */
const PRIVATE_RANGES = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '127.0.0.0/8',
  '::1/128',
  'fc00::/7',
];

const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text));
/** What can be guessed is no token. */
const MIN_TOKEN_LENGTH = 16;
const token = z
  .string()
  .refine(
    (text) => text.trim().length >= MIN_TOKEN_LENGTH,
    `must have ${MIN_TOKEN_LENGTH} characters or more; make one with "openssl rand -hex 32", or leave it out and use one of "gatewatch token create"`,
  )
  .transform((text) => new Secret(text));
const list = z.union(
  [
    z.array(z.string()),
    z.string().transform((text) =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    ),
  ],
  'must be a list, or text with commas',
);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, {
    error: 'must be host:port, such as 127.0.0.1:8787',
    abort: true,
  })
  .refine((text) => parseListen(text).port <= 65_535, 'the port must be at most 65535');
const days = z.coerce.number().positive().max(3_650);

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  if (bits === '') return !text.includes('/');
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (family === 4 ? 32 : 128)) return false;
  new BlockList().addSubnet(address, Number(bits), family === 4 ? 'ipv4' : 'ipv6');
  return true;
}

const cidrs = list.refine(
  (ranges) => ranges.every(isCidr),
  'must be addresses or CIDR ranges, such as 10.0.0.0/8',
);
const mailAddress = /^[^\s@,;<>]+@[^\s@,;<>]+$/;

const gateway = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'must be letters, digits, dots, dashes'),
  type: z.enum(['litellm']),
  url: httpUrl,
  /** Only the process that acts needs it. */
  key: secret.optional(),
});

const broker = /^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/;

const kafka = z.strictObject({
  brokers: list.refine(
    (brokers) => brokers.length > 0 && brokers.every((one) => broker.test(one)),
    'must be host:port of one or more brokers, with commas',
  ),
  topicPrefix: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,100}$/, 'must be letters, digits, dots, dashes')
    .default('gatewatch.'),
  partitions: z.coerce.number().int().min(1).max(1_000).default(12),
  tls: z
    .strictObject({
      enabled: z.stringbool().or(z.boolean()).default(true),
      ca: z.string().optional(),
      certificate: z.string().optional(),
      key: z.string().optional(),
    })
    .optional(),
  sasl: z
    .strictObject({
      mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']).default('scram-sha-512'),
      username: z.string().min(1),
      password: secret,
    })
    .optional(),
});

const clickhouse = z
  .strictObject({
    url: z
      .string()
      .superRefine((text, context) => {
        const parsed = parseClickHouseUrl(text);
        if ('wrong' in parsed) context.addIssue({ code: 'custom', message: parsed.wrong });
      })
      .transform((text) => new Secret(text)),
    cluster: z
      .string()
      .regex(/^[\w.-]{1,64}$/, 'must be letters, digits, dots, dashes, as in <remote_servers> of the server')
      .optional(),
    tls: z.strictObject({ ca: z.string().min(1) }).optional(),
  })
  .refine(({ url, tls }) => tls === undefined || /^https:/i.test(url.reveal()), {
    error: 'needs an https:// address in clickhouse.url',
    path: ['tls', 'ca'],
  });

/** What settings may be, wherever they come from. */
export const configSchema = z
  .strictObject({
    listen: listen.default('127.0.0.1:8787'),
    dataDir: z.string().min(1).default('./data'),
    publicUrl: httpUrl.optional(),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
    ingestToken: token.optional(),
    adminToken: token.optional(),
    metricsToken: token.optional(),
    pepper: token.optional(),
    mode: z.enum(MODES).optional(),
    gateways: z.array(gateway).default([]),
    response: z
      .strictObject({
        caps: z
          .strictObject({
            per10min: z.coerce.number().int().min(0).default(3),
            perHour: z.coerce.number().int().min(0).default(10),
            perDay: z.coerce.number().int().min(0).default(20),
            fleetPercent: z.coerce.number().min(0).max(100).default(2),
            teamPercent: z.coerce.number().min(0).max(100).default(25),
          })
          .prefault({}),
        promotion: z
          .strictObject({
            verdicts: z.coerce.number().int().min(1).max(10_000).default(10),
            precision: z.coerce.number().min(0).max(1).default(0.9),
          })
          .prefault({}),
        protected: z.array(z.string().min(1)).default([]),
        graceHours: z.coerce.number().min(0).max(720).default(24),
      })
      .prefault({}),
    notify: z
      .strictObject({
        mail: z
          .strictObject({
            url: z
              .string()
              .regex(/^smtps?:\/\/[^/\s]/i, 'must be smtp://host:port or smtps://host:port')
              .transform((text) => new Secret(text)),
            to: list.refine(
              (to) => to.length > 0 && to.every((address) => mailAddress.test(address)),
              'must be mail addresses',
            ),
            from: z.string().regex(mailAddress, 'must be a mail address').optional(),
          })
          .optional(),
        webhook: z
          .strictObject({
            url: httpUrl,
            secret,
            allowPrivate: z.stringbool().or(z.boolean()).default(false),
          })
          .optional(),
      })
      .prefault({}),
    kafka: kafka.optional(),
    clickhouse: clickhouse.optional(),
    trustedProxies: cidrs.default(PRIVATE_RANGES),
    geo: z
      .strictObject({
        city: z.string().optional(),
        asn: z.string().optional(),
        networks: z.string().optional(),
      })
      .prefault({}),
    retentionDays: days.default(90),
    learningDays: z.coerce.number().min(0).max(90).default(7),
    maxKeys: z.coerce.number().int().min(1_000).max(10_000_000).default(200_000),
    github: z.strictObject({ publicKeysFile: z.string().optional() }).prefault({}),
    gitguardian: z.strictObject({ token: secret.optional() }).prefault({}),
  })
  .superRefine((value, context) => {
    const names = value.gateways.map(({ name }) => name);
    for (const name of names.filter((one, index) => names.indexOf(one) !== index)) {
      context.addIssue({ code: 'custom', path: ['gateways'], message: `two gateways are named ${name}` });
    }
  });
