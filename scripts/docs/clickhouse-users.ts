import { migrateRights, rightsOf, ROLES } from '../../services/stores/access.ts';
import type { Right, RoleName } from '../../services/stores/access.ts';
import { DATABASE } from '../../services/stores/layout.ts';
import type { Layout } from '../../services/stores/layout.ts';
import { MAX_MEMORY_BYTES } from '../../services/stores/people-limits.ts';

/** The macro of each node that names its cluster; DDL of users has no other way to be the same text everywhere. */
const MACRO = '{cluster}';
const ONE_SERVER: Layout = { database: DATABASE };
const CLUSTER: Layout = { database: DATABASE, cluster: MACRO };

/** Who runs what. One process with all steps is one user. */
const USERS: Readonly<Record<string, readonly string[]>> = {
  gatewatch_user: Object.keys(ROLES),
  gatewatch_ingest_user: ['ingest'],
  gatewatch_detect_user: ['detect'],
  gatewatch_respond_user: ['respond', 'audit'],
  gatewatch_api_user: ['api'],
  gatewatch_migrate_user: ['migrate'],
};
const READER = 'gatewatch_api_user';

/** Nobody knows a text with this digest, and HOST NONE lets nobody in: a user works only after ALTER USER. */
const NO_PASSWORD = '0'.repeat(64);

const HEAD = `-- Made from services/stores/access.ts by "npm run docs". Change it there. How to run it: docs/clickhouse.md, "Users".`;

/** Files of deploy/clickhouse, by path. */
export function clickhouseFiles(): [path: string, text: string][] {
  return [
    ['deploy/clickhouse/roles.sql', rolesFile(ONE_SERVER)],
    ['deploy/clickhouse/users.sql', usersFile(ONE_SERVER)],
    ['deploy/clickhouse/roles-cluster.sql', rolesFile(CLUSTER)],
    ['deploy/clickhouse/users-cluster.sql', usersFile(CLUSTER)],
  ];
}

function on({ cluster }: Layout): string {
  return cluster === undefined ? '' : ` ON CLUSTER '${cluster}'`;
}

function rolesFile(layout: Layout): string {
  const steps = Object.entries(ROLES).map(([name, { about }]) =>
    roleText(name, about, { rights: rightsOf(name as RoleName, layout), layout }),
  );
  const about = 'Makes and changes the schema, and nothing else; for "gatewatch migrate".';
  return file(HEAD, ...steps, roleText('migrate', about, { rights: migrateRights(layout), layout }));
}

function roleText(
  name: string,
  about: string,
  { rights, layout }: { rights: Right[]; layout: Layout },
): string {
  const role = `gatewatch_${name}`;
  const grants = rights.map(({ right, on: what }) => `GRANT${on(layout)} ${right} ON ${what} TO ${role};`);
  return [`-- ${about}`, `CREATE ROLE IF NOT EXISTS ${role}${on(layout)};`, ...grants].join('\n');
}

function usersFile(layout: Layout): string {
  const users = Object.entries(USERS).map(([user, roles]) =>
    [
      `CREATE USER IF NOT EXISTS ${user}${on(layout)} IDENTIFIED WITH sha256_hash BY '${NO_PASSWORD}' HOST NONE GRANTEES NONE;`,
      `GRANT${on(layout)} ${roles.map((role) => `gatewatch_${role}`).join(', ')} TO ${user};`,
    ].join('\n'),
  );
  return file(
    HEAD,
    "-- Nobody can sign in as one of these until it is given a password and a host:\n--   ALTER USER … IDENTIFIED WITH sha256_hash BY '…' HOST ANY",
    ...users,
    limits(layout),
  );
}

/** For the process that only reads, where these cannot hold up writing. MIN, because 0 would mean without limit. */
function limits(layout: Layout): string {
  const settings = [
    'max_execution_time = 15 MIN 0.1 MAX 15',
    `max_memory_usage = ${MAX_MEMORY_BYTES} MIN 1 MAX ${MAX_MEMORY_BYTES}`,
    'max_concurrent_queries_for_user = 32 MIN 1 MAX 32',
  ];
  return [
    '-- The process that only reads cannot hold up the others.',
    `CREATE SETTINGS PROFILE OR REPLACE gatewatch_api${on(layout)} SETTINGS ${settings.join(', ')} TO ${READER};`,
    `CREATE QUOTA OR REPLACE gatewatch_api${on(layout)} FOR INTERVAL 1 hour MAX queries = 50000, execution_time = 7200 TO ${READER};`,
  ].join('\n');
}

function file(...blocks: string[]): string {
  return `${blocks.join('\n\n')}\n`;
}
