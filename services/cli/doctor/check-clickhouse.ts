import { parseClickHouseUrl } from '../../clickhouse-url.ts';
import type { ClickHouseAddress } from '../../clickhouse-url.ts';
import type { Config } from '../../config.ts';
import { messageOf } from '../../errors.ts';
import type { Log } from '../../log.ts';
import type { ClickHouseParts } from '../../stores/clickhouse-parts.ts';
import { missingRight } from '../../stores/clickhouse-reason.ts';
import { NEWEST_VERSION, schemaVersion } from '../../stores/migrations.ts';
import { openServerParts } from '../../stores/server.ts';
import { askState, troublesOf } from '../../stores/server-ready.ts';
import { note, ok, problem, warning } from './advice.ts';
import type { Advice } from './advice.ts';
import { checkRights } from './check-rights.ts';

type Parts = Pick<ClickHouseParts, 'ask' | 'layout'>;

const MAX_SKEW_MS = 5_000;
const MIN_FREE_BYTES = 200 * 1024 ** 2;
const FEW_FREE_BYTES = 2 * 1024 ** 3;

/** Nothing where the store is in the data folder. */
export async function checkClickHouse({ clickhouse }: Config, log: Log): Promise<Advice[]> {
  if (clickhouse === undefined) return [];
  const address = parseClickHouseUrl(clickhouse.url.reveal());
  if ('wrong' in address) return [problem(`GATEWATCH_CLICKHOUSE_URL ${address.wrong}.`)];
  try {
    const parts = await openServerParts({ ...clickhouse, log, waitMs: 0 });
    return await examineServer(parts, address, Date.now).finally(() => parts.close());
  } catch (error) {
    return [problem(messageOf(error)), ...checkWay(address)];
  }
}

/** Asks only; nothing is changed there. */
export async function examineServer(
  parts: Parts,
  address: ClickHouseAddress,
  now: () => number,
): Promise<Advice[]> {
  const askedAt = now();
  const state = await askState(parts);
  const answeredAt = now();
  const checks = [
    () => Promise.resolve(troublesOf(state, address).map(problem)),
    () => Promise.resolve(checkClock(state.atMs, { askedAt, answeredAt })),
    () => checkSchema(parts),
    () => checkRights(parts),
    () => checkDisks(parts),
    () => checkCluster(parts),
  ];
  const found = [ok(`ClickHouse ${state.version} at ${address.url} answers.`), ...checkWay(address)];
  for (const check of checks) found.push(...(await check().catch(notSeen)));
  return found;
}

function notSeen(error: unknown): Advice[] {
  return [note(`Something at ClickHouse could not be looked at: ${missingRight(error)}.`)];
}

function checkWay({ url, username, password }: ClickHouseAddress): Advice[] {
  const { protocol, hostname } = new URL(url);
  const isHere = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  const found: Advice[] = [];
  if (protocol === 'http:' && !isHere)
    found.push(
      warning(`The password and all rows travel to ${url} without encryption. Use an https:// address.`),
    );
  if (password.reveal() === '')
    found.push(warning(`User ${username} of ClickHouse has no password. Use one of docs/clickhouse.md.`));
  return found;
}

function checkClock(
  atMs: number,
  { askedAt, answeredAt }: { askedAt: number; answeredAt: number },
): Advice[] {
  const skewMs = atMs < askedAt ? atMs - askedAt : Math.max(0, atMs - answeredAt);
  if (Math.abs(skewMs) <= MAX_SKEW_MS) return [];
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const where = skewMs > 0 ? 'ahead of' : 'behind';
  return [
    warning(
      `The clock of ClickHouse is ${seconds} s ${where} that of this machine: now() in queries and retention go by it. Set both by NTP.`,
    ),
  ];
}

async function checkSchema(parts: Parts): Promise<Advice[]> {
  const version = await schemaVersion(parts);
  const { database } = parts.layout;
  if (version === NEWEST_VERSION) return [ok(`The schema in database ${database} is version ${version}.`)];
  if (version > NEWEST_VERSION)
    return [
      problem(
        `The schema in database ${database} is version ${version}, this gatewatch knows ${NEWEST_VERSION}. Start the newer gatewatch.`,
      ),
    ];
  const found = version === 0 ? 'has no schema that this user may see' : `has schema version ${version}`;
  return [problem(`Database ${database} ${found}; needed is ${NEWEST_VERSION}. Run "gatewatch migrate".`)];
}

async function checkDisks(parts: Parts): Promise<Advice[]> {
  const disks = await parts.ask<{ name: string; free_space: string | number }>(
    'SELECT name, free_space FROM system.disks',
    {},
  );
  return disks.map(({ name, free_space }) => {
    const text = `${(Number(free_space) / 1024 ** 3).toFixed(1)} GiB are free on disk ${name} of ClickHouse`;
    if (Number(free_space) < MIN_FREE_BYTES)
      return problem(`Only ${text}: soon no rows are taken. Make room.`);
    if (Number(free_space) < FEW_FREE_BYTES)
      return warning(`Only ${text}. Make room, or shorten GATEWATCH_RETENTION_DAYS.`);
    return ok(`${text}.`);
  });
}

async function checkCluster(parts: Parts): Promise<Advice[]> {
  const { cluster } = parts.layout;
  if (cluster === undefined) return [];
  const [row] = await parts.ask<{ nodes: string | number; shards: string | number }>(
    'SELECT count() AS nodes, uniqExact(shard_num) AS shards FROM system.clusters WHERE cluster = {cluster:String}',
    { cluster },
  );
  const [nodes, shards] = [Number(row?.nodes ?? 0), Number(row?.shards ?? 0)];
  if (nodes === 0)
    return [
      problem(
        `ClickHouse knows no cluster ${cluster}. Correct GATEWATCH_CLICKHOUSE_CLUSTER, or <remote_servers> there.`,
      ),
    ];
  return [
    ok(`Cluster ${cluster} has ${nodes} node(s) in ${shards} shard(s).`),
    ...(await checkMacros(parts)),
  ];
}

async function checkMacros(parts: Parts): Promise<Advice[]> {
  try {
    await parts.ask("SELECT getMacro('shard'), getMacro('replica')", {});
    return [];
  } catch {
    return [
      problem('A node of the cluster lacks the macro shard or replica. Set both in <macros> on every node.'),
    ];
  }
}
