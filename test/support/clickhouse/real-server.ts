import { randomBytes } from 'node:crypto';
import { GenericContainer, Wait } from 'testcontainers';
import { hasDocker } from '../docker.ts';
import { Secret } from '../../../services/secret.ts';

/** The long-term version that is tested. */
const IMAGE = 'clickhouse/clickhouse-server:25.8.33.6';
const CLUSTER = 'one';

export interface RealClickHouse {
  url(database: string): Secret;
  /** Undefined where the server given has none. */
  cluster: string | undefined;
  stop(): Promise<void>;
}

/** A ClickHouse for tests: that of TEST_CLICKHOUSE_URL (with TEST_CLICKHOUSE_CLUSTER, if it has one; its user must be allowed
 *  to make databases), else one in a container. Undefined where there is neither, which is said loudly; the way
 *  through the client is tested all the same, on the engine behind an HTTP server of ours. */
export async function startClickHouse(): Promise<RealClickHouse | undefined> {
  const given = process.env['TEST_CLICKHOUSE_URL'];
  if (given !== undefined) {
    const cluster = process.env['TEST_CLICKHOUSE_CLUSTER'];
    return { url: (database) => at(given, database), cluster, stop: () => Promise.resolve() };
  }
  if (await hasDocker()) return startContainer();
  const message = 'NOT RUN: tests on a ClickHouse server. Set TEST_CLICKHOUSE_URL, or start Docker.';
  process.stderr.write(`\n${message}\n\n`);
  return undefined;
}

function at(server: string, database: string): Secret {
  const url = new URL(server);
  url.pathname = database;
  return new Secret(url.href);
}

async function startContainer(): Promise<RealClickHouse> {
  const password = randomBytes(12).toString('hex');
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ CLICKHOUSE_USER: 'gatewatch_test', CLICKHOUSE_PASSWORD: password })
    .withEnvironment({ CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT: '1' })
    .withCopyContentToContainer([{ content: CONFIG, target: '/etc/clickhouse-server/config.d/one.xml' }])
    .withExposedPorts(8123)
    .withWaitStrategy(Wait.forHttp('/ping', 8123))
    .start();
  const server = `http://gatewatch_test:${password}@${container.getHost()}:${container.getMappedPort(8123).toString()}`;
  return {
    url: (database) => at(server, database),
    cluster: CLUSTER,
    stop: async () => {
      await container.stop();
    },
  };
}

/** A cluster of one node, with its Keeper inside. */
const CONFIG = `<clickhouse>
  <keeper_server>
    <tcp_port>9181</tcp_port>
    <server_id>1</server_id>
    <log_storage_path>/var/lib/clickhouse/coordination/log</log_storage_path>
    <snapshot_storage_path>/var/lib/clickhouse/coordination/snapshots</snapshot_storage_path>
    <raft_configuration><server><id>1</id><hostname>localhost</hostname><port>9234</port></server></raft_configuration>
  </keeper_server>
  <zookeeper><node><host>localhost</host><port>9181</port></node></zookeeper>
  <macros><cluster>${CLUSTER}</cluster><shard>1</shard><replica>1</replica></macros>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <remote_servers>
    <${CLUSTER}>
      <shard>
        <internal_replication>true</internal_replication>
        <replica><host>localhost</host><port>9000</port></replica>
      </shard>
    </${CLUSTER}>
  </remote_servers>
</clickhouse>
`;
