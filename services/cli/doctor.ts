import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { DataSource } from '../enrichment/enricher.ts';
import { createLog } from '../log.ts';
import type { Log } from '../log.ts';
import { openEnricher, openStore } from '../main.ts';
import { note, warning } from './doctor/advice.ts';
import type { Advice } from './doctor/advice.ts';
import { checkClickHouse } from './doctor/check-clickhouse.ts';
import { checkEvents } from './doctor/check-events.ts';
import { checkAudit, checkFolder } from './doctor/check-folder.ts';
import { checkKafka } from './doctor/check-kafka.ts';
import { checkGateways, checkIpData, checkPeopleReached } from './doctor/check-outside.ts';
import { askStatus, checkPort, checkSameSettings } from './doctor/check-server.ts';
import type { Status } from './doctor/check-server.ts';
import { checkSettings } from './doctor/check-settings.ts';
import { NEWEST_VERSION, schemaVersion } from '../stores/migrations.ts';
import { openServerParts } from '../stores/server.ts';
import { askAsPeople } from '../stores/user-query.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { findServer } from './running.ts';
import type { ApiClient } from './api-client.ts';

const LIMITS = { timeoutMs: 10_000, maxRows: 100 };

export function registerDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .description('look for what is wrong or missing; exits 1 on a problem')
    .action(async (options: ConfigOption) => {
      const config = readConfig(options);
      const sections = await examine(config, findServer(config, process.env));
      process.stdout.write(format(sections));
      if (sections.some(({ advice }) => advice.some(({ level }) => level === 'problem')))
        process.exitCode = 1;
    });
  withConfig(command);
}

export interface Section {
  title: string;
  advice: readonly Advice[];
}

/** Looks at everything, beside a running server or without one. One check that fails does not stop the others. */
export async function examine(config: Config, server: ApiClient | undefined): Promise<Section[]> {
  const log = createLog('silent');
  const running = server === undefined ? undefined : await askStatus(server);
  const checks: [title: string, check: () => Promise<readonly Advice[]> | readonly Advice[]][] = [
    ['Settings', () => checkSettings(config)],
    ['Data folder', () => checkFolder(config.dataDir)],
    ['Kafka', () => checkKafka(config, log)],
    ['ClickHouse', () => checkClickHouse(config, log)],
    ['Server', () => (running === undefined ? checkPort(config) : adviceOn(running, config))],
    ['Gateways', () => checkGateways(config, log)],
    ['Traffic', () => checkTraffic(config, server, log)],
    ['Notifications', () => checkPeopleReached(config)],
    [
      'Places and networks',
      async () => checkIpData(await sourcesOf(config, running?.status, log), Date.now()),
    ],
    ['Audit', () => checkAudit(config.dataDir)],
  ];
  const sections: Section[] = [];
  for (const [title, check] of checks) sections.push({ title, advice: await orWarning(check) });
  return sections.filter(({ advice }) => advice.length > 0);
}

function adviceOn({ status, advice }: Awaited<ReturnType<typeof askStatus>>, config: Config): Advice[] {
  return status === undefined ? advice : [...advice, ...checkSameSettings(status, config)];
}

async function orWarning(
  check: () => Promise<readonly Advice[]> | readonly Advice[],
): Promise<readonly Advice[]> {
  try {
    return await check();
  } catch (error) {
    return [warning(`This could not be looked at: ${messageOf(error)}`)];
  }
}

async function checkTraffic(config: Config, server: ApiClient | undefined, log: Log): Promise<Advice[]> {
  if (server !== undefined) {
    const ask = (query: string, params: unknown) =>
      server.post('/v1/sql', { query, params }) as Promise<{ rows: unknown[][] }>;
    return checkEvents(async (query, params) => (await ask(query, params)).rows, config, Date.now());
  }
  if (config.clickhouse !== undefined) return checkTrafficAtServer(config, config.clickhouse, log);
  if (!existsSync(join(config.dataDir, 'store')))
    return [note('No traffic was seen yet: gatewatch never ran on this data folder.')];
  const store = await openStore(config, log);
  try {
    return await checkEvents(
      async (query, params) => (await store.userQuery(query, params, LIMITS)).rows,
      config,
      Date.now(),
    );
  } finally {
    await store.close();
  }
}

/** Neither waits for a server that is away nor makes a schema where there is none: that was said above. */
async function checkTrafficAtServer(
  config: Config,
  clickhouse: NonNullable<Config['clickhouse']>,
  log: Log,
): Promise<Advice[]> {
  const parts = await openServerParts({ ...clickhouse, log, waitMs: 0 });
  try {
    if ((await schemaVersion(parts)) !== NEWEST_VERSION) return [];
    await parts.useDatabase();
    const ask = (query: string, params: Readonly<Record<string, unknown>>) =>
      askAsPeople(parts, query, { params, limits: LIMITS });
    return await checkEvents(async (query, params) => (await ask(query, params)).rows, config, Date.now());
  } finally {
    await parts.close();
  }
}

async function sourcesOf(
  config: Config,
  status: Status | undefined,
  log: Log,
): Promise<readonly DataSource[]> {
  if (status !== undefined) {
    return status.sources.map(({ name, origin, built_at }) => ({
      name,
      origin,
      builtAt: built_at === null ? 0 : Date.parse(built_at),
    }));
  }
  const enricher = await openEnricher({ config, log });
  await enricher.close();
  return enricher.sources();
}

const MARKS = { ok: 'ok      ', note: 'note    ', warning: 'WARNING ', problem: 'PROBLEM ' } as const;

export function format(sections: readonly Section[]): string {
  const lines = sections.flatMap(({ title, advice }) => [
    title,
    ...advice.map(({ level, text }) => `  ${MARKS[level]}${text}`),
    '',
  ]);
  const all = sections.flatMap(({ advice }) => advice);
  const count = (level: Advice['level']) => all.filter((one) => one.level === level).length;
  return `${[...lines, `${count('problem')} problem(s), ${count('warning')} warning(s).`].join('\n')}\n`;
}
