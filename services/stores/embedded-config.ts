import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DATABASE } from './layout.ts';

/** Rights of everything in this process: our database, and no source outside it (files, URLs, other servers). */
const GRANTS = `GRANT SELECT, INSERT, ALTER, CREATE, DROP, TRUNCATE, OPTIMIZE, SHOW, dictGet ON ${DATABASE}.*`;

/** A server's defaults (caches of gigabytes, a thread for every task) are far too much for a guest in our process. */
const LIMITS: Readonly<Record<string, number>> = {
  mark_cache_size: 32 * 2 ** 20,
  primary_index_cache_size: 32 * 2 ** 20,
  query_condition_cache_size: 8 * 2 ** 20,
  compiled_expression_cache_size: 16 * 2 ** 20,
  background_pool_size: 1,
  max_active_parts_loading_thread_pool_size: 4,
  max_outdated_parts_loading_thread_pool_size: 2,
};

/** Writes the settings that the first connection of the process starts with; returns their path. */
export function writeConfig(dir: string): string {
  const users = join(dir, 'users.xml');
  const config = join(dir, 'config.xml');
  const own = `<default><password/><networks><ip>::1</ip></networks><profile>default</profile><quota>default</quota><grants><query>${GRANTS}</query></grants></default>`;
  writeFileSync(
    users,
    `<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users>${own}</users></clickhouse>\n`,
    { mode: 0o600 },
  );
  const limits = Object.entries(LIMITS).map(([name, value]) => `<${name}>${value}</${name}>`);
  const usersConfig = `<users_config>${escapeXml(users)}</users_config>`;
  writeFileSync(config, `<clickhouse>${usersConfig}${limits.join('')}</clickhouse>\n`, { mode: 0o600 });
  return config;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
