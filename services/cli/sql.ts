import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Option } from 'commander';
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { AppError } from '../errors.ts';
import { createLog } from '../log.ts';
import { openStore } from '../main.ts';
import type { QueryResult, Store } from '../stores/store.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { formatResult } from './print.ts';
import type { TableFormat } from './print.ts';
import { findServer } from './running.ts';
import type { ApiClient } from './api-client.ts';

const LIMITS = { timeoutMs: 10_000, maxRows: 10_000 };

interface SqlOptions extends ConfigOption {
  format: TableFormat;
}

export function registerSql(program: Command): void {
  const command = program
    .command('sql')
    .description('run one read-only SELECT on the tables of docs/sql.md')
    .argument('<query>', 'for example "SELECT kind, count() FROM incidents GROUP BY kind"')
    .addOption(
      new Option('--format <format>', 'how to print').choices(['table', 'json', 'csv']).default('table'),
    )
    .action(async (query: string, options: SqlOptions) => {
      const config = readConfig(options);
      const server = findServer(config, process.env);
      const result =
        server === undefined
          ? await withStore(config, (store) => store.userQuery(query, {}, LIMITS))
          : await askServer(server, query);
      process.stdout.write(`${formatResult(result, options.format)}\n`);
      if (result.truncated)
        process.stderr.write(`gatewatch: only the first ${LIMITS.maxRows.toString()} rows are shown.\n`);
    });
  withConfig(command);
}

async function askServer(server: ApiClient, query: string): Promise<QueryResult> {
  const answer = (await server.post('/v1/sql', { query })) as QueryResult & { elapsed_ms: number };
  return { ...answer, elapsedMs: answer.elapsed_ms };
}

/** Nothing runs on the data folder, or the store is at a server: this process may open it itself. */
export async function withStore<Answer>(
  config: Config,
  work: (store: Store) => Promise<Answer>,
): Promise<Answer> {
  if (config.clickhouse === undefined && !existsSync(join(config.dataDir, 'store'))) {
    throw new AppError(
      'E_NOT_FOUND',
      `gatewatch never ran on ${config.dataDir}. Set GATEWATCH_DATA_DIR, or --config, as for "gatewatch start".`,
    );
  }
  const store = await openStore(config, createLog('error'));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
