import type { Command } from 'commander';
import { AppError } from '../errors.ts';
import { createLog } from '../log.ts';
import { migrate } from '../stores/migrations.ts';
import type { Migrated } from '../stores/migrations.ts';
import { openServerParts } from '../stores/server.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';

export function registerMigrate(program: Command): void {
  const command = program
    .command('migrate')
    .description('make or update the tables on a ClickHouse server, as a user who may')
    .action(async (options: ConfigOption) => {
      const { clickhouse, retentionDays, logLevel } = readConfig(options);
      if (clickhouse === undefined)
        throw new AppError(
          'E_CONFIG',
          'GATEWATCH_CLICKHOUSE_URL is not set. Tables in the data folder are brought up to date by "gatewatch start".',
        );
      const parts = await openServerParts({ ...clickhouse, log: createLog(logLevel) });
      try {
        const migrated = await migrate(parts, { retentionDays });
        process.stdout.write(`${describeMigrated(parts.layout.database, migrated)}\n`);
      } finally {
        await parts.close();
      }
    });
  withConfig(command);
}

function describeMigrated(database: string, { from, to, retentionDenied }: Migrated): string {
  const versions =
    from === to
      ? `has schema version ${to} already`
      : `went from ${from === 0 ? 'no schema' : `schema version ${from}`} to version ${to}`;
  const denied =
    retentionDenied === undefined
      ? ''
      : `\nFor how long events are kept could not be changed: ${retentionDenied}.`;
  return `Database ${database} ${versions}.${denied}`;
}
