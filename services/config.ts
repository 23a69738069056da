import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { configSchema } from './config-schema.ts';
import type { MODES } from './config-schema.ts';
import { AppError, messageOf } from './errors.ts';
import { Secret } from './secret.ts';
import { SETTINGS } from './settings.ts';

type Parsed = z.output<typeof configSchema>;

/** All settings, checked, with defaults filled in. Frozen: nothing changes them after the start. */
export type Config = Omit<Parsed, 'mode'> & {
  mode: (typeof MODES)[number];
  /** False where the value is the default. */
  modeIsSet: boolean;
  trustedProxiesAreSet: boolean;
};

/** Names that only later parts of the product read; setting them must not pass unnoticed. */
const NOT_YET = ['GATEWATCH_SLACK_WEBHOOK_URL', 'GATEWATCH_PAGERDUTY_ROUTING_KEY'];
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
function readVariable(
  env: NodeJS.ProcessEnv,
  name: string,
  isSecret: boolean,
  mistakes: string[],
): string | undefined {
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
  const document = parseDocument(text);
  const [trouble] = [...document.errors, ...document.warnings];
  const tree = trouble === undefined ? plainOf(document) : undefined;
  if (isTree(tree)) return tree;
  // The parser’s own words quote the file, which holds secrets.
  const where = trouble === undefined ? '' : `:${trouble.linePos?.[0].line ?? 1}`;
  const advice = 'Put texts that begin with ! * & or another sign of YAML into quotes';
  mistakes.push(`${path}${where}: must hold settings as "name: value". ${advice}`);
  return {};
}

/** Undefined for an alias of something that is not there. */
function plainOf(document: Document): unknown {
  try {
    return document.toJS() ?? {};
  } catch {
    return undefined;
  }
}

function applyEnvironment(tree: Tree, env: NodeJS.ProcessEnv, mistakes: string[]): void {
  let litellm: Tree | undefined;
  for (const { env: name, path, secret: isSecret } of SETTINGS) {
    const value = name === undefined ? undefined : readVariable(env, name, isSecret === true, mistakes);
    if (value === undefined) continue;
    if (path.startsWith('gateways[].')) (litellm ??= {})[path.slice('gateways[].'.length)] = value;
    else setPath(tree, path, value);
  }
  if (litellm !== undefined) addLitellm(tree, litellm);
  mistakes.push(...namesOfNoSetting(env));
}

const KNOWN_NAMES: ReadonlySet<string> = new Set([
  ...OTHER_NAMES,
  ...NOT_YET,
  ...SETTINGS.flatMap(({ env }) => (env === undefined ? [] : [env, `${env}_FILE`])),
]);

function namesOfNoSetting(env: NodeJS.ProcessEnv): string[] {
  const early = NOT_YET.filter((name) => env[name] !== undefined);
  const unknown = Object.keys(env).filter((name) => name.startsWith('GATEWATCH_') && !KNOWN_NAMES.has(name));
  return [
    ...early.map((name) => `${name}: not supported by this version; unset it`),
    ...unknown.map((name) => `${name}: there is no such setting`),
  ];
}

function addLitellm(tree: Tree, fields: Tree): void {
  const gateways = Array.isArray(tree['gateways']) ? (tree['gateways'] as unknown[]) : [];
  const existing = gateways.find((one): one is Tree => isTree(one) && one['name'] === 'litellm');
  if (existing === undefined)
    tree['gateways'] = [...gateways, { name: 'litellm', type: 'litellm', ...fields }];
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
  const parsed = configSchema.safeParse(tree);
  if (!parsed.success) {
    for (const one of parsed.error.issues) {
      const keys = one.code === 'unrecognized_keys' ? one.keys : [];
      if (keys.length > 0)
        mistakes.push(`${[...one.path, keys.join(', ')].map(String).join('.')}: there is no such setting`);
      else mistakes.push(`${nameOf(one.path, env)}: ${explain(one, tree)}`);
    }
  }
  if (mistakes.length > 0 || !parsed.success) {
    throw new AppError(
      'E_CONFIG',
      `Settings are wrong:\n${mistakes.map((line) => `  - ${line}`).join('\n')}`,
    );
  }
  const { mode, ...rest } = parsed.data;
  return deepFreeze({
    ...rest,
    dataDir: resolve(rest.dataDir),
    mode: mode ?? (rest.gateways.length > 0 ? 'certain' : 'observe'),
    modeIsSet: mode !== undefined,
    trustedProxiesAreSet: tree['trustedProxies'] !== undefined,
  });
}

function explain({ path, message }: { path: readonly PropertyKey[]; message: string }, tree: Tree): string {
  let value: unknown = tree;
  for (const name of path) value = (value as Record<PropertyKey, unknown> | undefined)?.[name];
  return value === undefined ? 'is missing' : message;
}
