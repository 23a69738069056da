import { STEPS } from './config-schema.ts';
import type { Step } from './config-schema.ts';
import type { Config } from './config.ts';
import { AppError } from './errors.ts';

/** What one process does, and what it may know for that. */
export interface Role {
  steps: readonly Step[];
  /** The settings without what these steps have no use for. */
  config: Config;
  /** It has this installation for itself; else it shares topics and tables with others. */
  isAlone: boolean;
  /** Worth a warning. */
  notes: readonly string[];
}

/** Checks that these steps can work as a process of their own. `only`: undefined for all steps.
 *  Rejects with `E_CONFIG`, with everything that is wrong at once. */
export function roleOf(config: Config, only: readonly Step[] | undefined): Role {
  const steps = only ?? STEPS;
  const isAlone = STEPS.every((step) => steps.includes(step));
  const mistakes = [...(isAlone ? [] : sharingMistakes(config, steps)), ...credentialMistakes(config, steps)];
  if (mistakes.length > 0)
    throw new AppError('E_CONFIG', `--only ${steps.join(',')} cannot start:\n  - ${mistakes.join('\n  - ')}`);
  return { steps, isAlone, ...withoutCredentials(config, steps) };
}

const hasDoor = (steps: readonly Step[]) => steps.includes('ingest') || steps.includes('api');

/** Steps in several processes meet in Kafka and in a ClickHouse server. Without Kafka there are no others to meet. */
function sharingMistakes({ kafka, clickhouse, pepper }: Config, steps: readonly Step[]): string[] {
  if (kafka === undefined) return [];
  const mistakes: string[] = [];
  if (clickhouse === undefined)
    mistakes.push('GATEWATCH_CLICKHOUSE_URL is missing: an embedded ClickHouse belongs to one process');
  if (steps.includes('ingest') && pepper === undefined) {
    mistakes.push(
      'GATEWATCH_PEPPER is missing: each machine would name the same unknown key differently; set the same on all, from "openssl rand -hex 32"',
    );
  }
  return mistakes;
}

function credentialMistakes({ kafka, gateways }: Config, steps: readonly Step[]): string[] {
  if (!steps.includes('respond')) return [];
  const keyless = gateways.filter(({ key }) => key === undefined).map(({ name }) => name);
  const mistakes = keyless.map(
    (name) => `the gateway ${name} has no key: set GATEWATCH_LITELLM_KEY, or its key in the settings file`,
  );
  const isSplit = kafka !== undefined && !STEPS.every((step) => steps.includes(step));
  if (isSplit && hasDoor(steps) && gateways.length > 0) {
    mistakes.push(
      'the process with the gateway credential answers nobody: run respond without ingest and api',
    );
  }
  return mistakes;
}

/** Whoever gets into a process must not find a credential that it never uses. */
function withoutCredentials(config: Config, steps: readonly Step[]): Pick<Role, 'config' | 'notes'> {
  const answered = steps.includes('api') ? config : { ...config, gitguardian: {} };
  if (steps.includes('respond')) return { config: answered, notes: [] };
  const gateways = config.gateways.map((gateway) => ({ ...gateway, key: undefined }));
  const hadKey = config.gateways.some(({ key }) => key !== undefined);
  const note =
    'Only respond uses the key of a gateway. This process has one too and does not use it: take it out of its settings.';
  return { config: { ...answered, gateways, notify: {} }, notes: hadKey ? [note] : [] };
}
