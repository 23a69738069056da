import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { resolve } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { AppError, messageOf } from './errors.ts';
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
const list = z.union([
  z.array(z.string()),
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  ),
]);
const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' });
const listen = z
  .string()
  .regex(/^(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}$/, 'must be host:port, such as 127.0.0.1:8787')
  .refine((text) => Number(text.slice(text.lastIndexOf(':') + 1)) <= 65_535, 'the port must be at most 65535');
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

const cidrs = list.refine((ranges) => ranges.every(isCidr), 'must be addresses or CIDR ranges, such as 10.0.0.0/8');
const mailAddress = /^[^\s@,;<>]+@[^\s@,;<>]+$/;

const gateway = z.strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, 'must be letters, digits, dots, dashes'),
  type: z.enum(['litellm']),
  url: httpUrl,
  key: secret,
});

const schema = z
  .strictObject({
    listen: listen.default('127.0.0.1:8787'),
    dataDir: z.string().min(1).default('./data'),
    publicUrl: httpUrl.optional(),
    logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
    ingestToken: secret.optional(),
    adminToken: secret.optional(),
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
        protected: z.array(z.string().min(1)).default([]),
        graceHours: z.coerce.number().min(0).max(720).default(24),
      })
      .prefault({}),
    notify: z
      .strictObject({
        mail: z
          .strictObject({
            url: secret,
            to: list.refine((to) => to.length > 0 && to.every((address) => mailAddress.test(address)), 'must be mail addresses'),
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
    trustedProxies: cidrs.default(PRIVATE_RANGES),
    geo: z
      .strictObject({ city: z.string().optional(), asn: z.string().optional(), networks: z.string().optional() })
      .prefault({}),
    retentionDays: days.default(90),
    learningDays: z.coerce.number().min(0).max(90).default(7),
    github: z.strictObject({ publicKeysFile: z.string().optional() }).prefault({}),
    gitguardian: z.strictObject({ token: secret.optional() }).prefault({}),
  })
  .superRefine((value, context) => {
    const names = value.gateways.map(({ name }) => name);
    for (const name of names.filter((one, index) => names.indexOf(one) !== index)) {
      context.addIssue({ code: 'custom', path: ['gateways'], message: `two gateways are named ${name}` });
    }
  });

type Parsed = z.output<typeof schema>;

/** All settings, checked, with defaults filled in. Frozen: nothing changes them after the start. */
export type Config = Omit<Parsed, 'mode'> & { mode: (typeof MODES)[number]; trustedProxiesAreSet: boolean };

export interface Setting {
  env?: string;
  path: string;
  default: string;
  about: string;
  secret?: boolean;
}

/** Each setting's papers; `docs/configuration.md` is made from them, and `env` says which variable overrides it. */
export const SETTINGS: readonly Setting[] = [
  { env: 'GATEWATCH_LISTEN', path: 'listen', default: '`127.0.0.1:8787`', about: 'Address of ingest, API and page. Port 0 takes any free one.' },
  { env: 'GATEWATCH_DATA_DIR', path: 'dataDir', default: '`./data`', about: 'Folder of the log, ClickHouse, the audit file and our own keys. One process at a time.' },
  { env: 'GATEWATCH_PUBLIC_URL', path: 'publicUrl', default: 'from `listen`', about: 'How people reach the page; goes into notifications.' },
  { env: 'GATEWATCH_LOG_LEVEL', path: 'logLevel', default: '`info`', about: '`trace`, `debug`, `info`, `warn` or `error`.' },
  { env: 'GATEWATCH_INGEST_TOKEN', path: 'ingestToken', default: 'made at first start', about: 'Bearer token with scope `ingest`. More by `gatewatch token create`.', secret: true },
  { env: 'GATEWATCH_ADMIN_TOKEN', path: 'adminToken', default: 'made at first start, shown once', about: 'Bearer token with every right.', secret: true },
  { env: 'GATEWATCH_MODE', path: 'mode', default: '`observe`; `certain` once a gateway is set', about: '`observe` never acts. `certain` acts alone only on certain evidence: a canary used, a reported leak in use, use after revocation. `enforce` also on three independent families of evidence.' },
  { env: 'GATEWATCH_LITELLM_URL', path: 'gateways[].url', default: 'unset', about: 'Admin API of the gateway named `litellm`, where keys are blocked. More gateways in the file.' },
  { env: 'GATEWATCH_LITELLM_KEY', path: 'gateways[].key', default: 'unset', about: 'Its credential: may block, unblock and read keys, nothing more.', secret: true },
  { path: 'response.caps.per10min', default: '3', about: 'Automatic blocks in 10 minutes, at most.' },
  { path: 'response.caps.perHour', default: '10', about: 'Automatic blocks in an hour, at most.' },
  { path: 'response.caps.perDay', default: '20', about: 'Automatic blocks in a day, at most.' },
  { path: 'response.caps.fleetPercent', default: '2', about: 'Share of the active keys that may be blocked automatically in an hour (one key at least).' },
  { path: 'response.caps.teamPercent', default: '25', about: 'Share of a team’s keys that may be blocked automatically.' },
  { path: 'response.protected', default: 'none', about: 'Key ids or aliases that are never blocked automatically.' },
  { path: 'response.graceHours', default: '24', about: 'After a restore, the same evidence does not block again for so long.' },
  { env: 'GATEWATCH_SMTP_URL', path: 'notify.mail.url', default: 'unset', about: '`smtp://user:pass@host:587` or `smtps://…`.', secret: true },
  { env: 'GATEWATCH_MAIL_TO', path: 'notify.mail.to', default: 'unset', about: 'Addresses, separated by commas.' },
  { env: 'GATEWATCH_MAIL_FROM', path: 'notify.mail.from', default: 'the first receiver', about: 'Sender address.' },
  { env: 'GATEWATCH_WEBHOOK_URL', path: 'notify.webhook.url', default: 'unset', about: 'Receives a POST for each notification, signed by the Standard Webhooks scheme.' },
  { env: 'GATEWATCH_WEBHOOK_SECRET', path: 'notify.webhook.secret', default: 'unset', about: '`whsec_…` or any text of 24 characters and more.', secret: true },
  { env: 'GATEWATCH_WEBHOOK_ALLOW_PRIVATE', path: 'notify.webhook.allowPrivate', default: '`false`', about: 'Lets the webhook’s name resolve to a private address.' },
  { env: 'GATEWATCH_TRUSTED_PROXIES', path: 'trustedProxies', default: 'private ranges', about: 'CIDR ranges skipped from the right of X-Forwarded-For.' },
  { env: 'GATEWATCH_GEO_CITY', path: 'geo.city', default: 'packaged DB-IP data', about: 'MMDB file for places; read anew when it changes.' },
  { env: 'GATEWATCH_GEO_ASN', path: 'geo.asn', default: 'packaged data', about: 'MMDB or CSV file for networks; read anew when it changes.' },
  { env: 'GATEWATCH_GEO_NETWORKS', path: 'geo.networks', default: 'unset', about: 'CSV file `cidr,class,name` of your own networks; read anew when it changes.' },
  { env: 'GATEWATCH_RETENTION_DAYS', path: 'retentionDays', default: '90', about: 'Days that events are kept. Incidents stay 400 days, audit records 2,557.' },
  { env: 'GATEWATCH_LEARNING_DAYS', path: 'learningDays', default: '7', about: 'Per key; before that, behaviour alone never blocks.' },
  { env: 'GATEWATCH_GITHUB_KEYS_FILE', path: 'github.publicKeysFile', default: 'unset', about: 'JSON file with GitHub’s public keys for secret scanning; without it `/v1/leaks/github` refuses.' },
  { env: 'GATEWATCH_GITGUARDIAN_TOKEN', path: 'gitguardian.token', default: 'unset', about: 'Signature token of the GitGuardian webhook; without it `/v1/leaks/gitguardian` refuses.', secret: true },
];

/** Names that only later parts of the product read; setting them must not pass unnoticed. */
const NOT_YET = [
  'GATEWATCH_KAFKA_BROKERS',
  'GATEWATCH_CLICKHOUSE_URL',
  'GATEWATCH_SLACK_WEBHOOK_URL',
  'GATEWATCH_PAGERDUTY_ROUTING_KEY',
];
/** Read elsewhere than here: where the file is, how the command line finds a running server, and what the README has
 *  LiteLLM read in the same shell. */
const OTHER_NAMES = ['GATEWATCH_CONFIG', 'GATEWATCH_URL', 'GATEWATCH_TOKEN', 'GATEWATCH_AUTH_HEADER'];

type Tree = Record<string, unknown>;

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function setPath(tree: Tree, path: string, value: string): void {
  const parts = path.split('.');
  const last = parts.pop() ?? '';
  let at = tree;
  for (const part of parts) {
    if (!isTree(at[part])) at[part] = {};
    at = at[part] as Tree;
  }
  at[last] = value;
}

function readFileText(path: string, name: string, mistakes: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    mistakes.push(`${name}: cannot read ${path}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Value of a variable, or the text of the file that `NAME_FILE` points at. */
function readVariable(env: NodeJS.ProcessEnv, name: string, isSecret: boolean, mistakes: string[]): string | undefined {
  const file = isSecret ? env[`${name}_FILE`] : undefined;
  if (file !== undefined && file !== '') {
    if (env[name] !== undefined) mistakes.push(`${name}: set either ${name} or ${name}_FILE, not both`);
    return readFileText(file, `${name}_FILE`, mistakes);
  }
  const value = env[name];
  return value === '' ? undefined : value;
}

function readTree(path: string | undefined, mistakes: string[]): Tree {
  if (path === undefined) return {};
  const text = readFileText(path, '--config', mistakes);
  if (text === undefined) return {};
  try {
    const tree: unknown = parseYaml(text) ?? {};
    if (isTree(tree)) return tree;
    mistakes.push(`${path}: must hold settings as "name: value"`);
  } catch (error) {
    mistakes.push(`${path}: ${messageOf(error).split('\n')[0] ?? ''}`);
  }
  return {};
}

function applyEnvironment(tree: Tree, env: NodeJS.ProcessEnv, mistakes: string[]): void {
  const known = new Set([...OTHER_NAMES, ...NOT_YET]);
  let litellm: Tree | undefined;
  for (const { env: name, path, secret: isSecret } of SETTINGS) {
    if (name === undefined) continue;
    known.add(name);
    known.add(`${name}_FILE`);
    const value = readVariable(env, name, isSecret === true, mistakes);
    if (value === undefined) continue;
    if (path.startsWith('gateways[].')) (litellm ??= {})[path.slice('gateways[].'.length)] = value;
    else setPath(tree, path, value);
  }
  if (litellm !== undefined) addLitellm(tree, litellm);
  for (const name of NOT_YET) {
    if (env[name] !== undefined) mistakes.push(`${name}: not supported by this version; unset it`);
  }
  for (const name of Object.keys(env)) {
    if (name.startsWith('GATEWATCH_') && !known.has(name)) mistakes.push(`${name}: there is no such setting`);
  }
}

function addLitellm(tree: Tree, fields: Tree): void {
  const gateways = Array.isArray(tree['gateways']) ? (tree['gateways'] as unknown[]) : [];
  const existing = gateways.find((one): one is Tree => isTree(one) && one['name'] === 'litellm');
  if (existing === undefined) tree['gateways'] = [...gateways, { name: 'litellm', type: 'litellm', ...fields }];
  else Object.assign(existing, fields);
}

/** Says which setting is meant, by the name the operator used for it. */
function nameOf(path: readonly PropertyKey[], env: NodeJS.ProcessEnv): string {
  const dotted = path.map(String).join('.');
  const pattern = dotted.replace(/^gateways\.\d+\./, 'gateways[].');
  const setting = SETTINGS.find((one) => one.path === pattern);
  const variable = setting?.env;
  const isFromEnvironment =
    variable !== undefined && (env[variable] !== undefined || env[`${variable}_FILE`] !== undefined);
  if (isFromEnvironment) return variable;
  return variable === undefined ? dotted : `${dotted} (${variable})`;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Secret)) {
    Object.values(value).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}

/** Reads the file and the environment. Throws one `E_CONFIG` that names every mistake. */
export function loadConfig(env: NodeJS.ProcessEnv, configPath?: string): Config {
  const mistakes: string[] = [];
  const tree = readTree(configPath ?? env['GATEWATCH_CONFIG'], mistakes);
  applyEnvironment(tree, env, mistakes);
  const parsed = schema.safeParse(tree);
  if (!parsed.success) {
    for (const one of parsed.error.issues) {
      const keys = one.code === 'unrecognized_keys' ? one.keys : [];
      if (keys.length > 0) mistakes.push(`${[...one.path, keys.join(', ')].map(String).join('.')}: there is no such setting`);
      else mistakes.push(`${nameOf(one.path, env)}: ${explain(one)}`);
    }
  }
  if (mistakes.length > 0 || !parsed.success) {
    throw new AppError('E_CONFIG', `Settings are wrong:\n${mistakes.map((line) => `  - ${line}`).join('\n')}`);
  }
  const { mode, ...rest } = parsed.data;
  return deepFreeze({
    ...rest,
    dataDir: resolve(rest.dataDir),
    mode: mode ?? (rest.gateways.length > 0 ? 'certain' : 'observe'),
    trustedProxiesAreSet: tree['trustedProxies'] !== undefined,
  });
}

function explain(one: { code?: string | undefined; message: string }): string {
  if (one.code === 'invalid_type' && one.message.includes('received undefined')) return 'is missing';
  return one.message;
}
