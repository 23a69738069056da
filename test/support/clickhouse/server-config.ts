import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface ServerRequest {
  dir: string;
  username: string;
  password: string;
  /** What the user may do, as GRANT statements without TO; everything when undefined. */
  grants?: readonly string[];
  /** Name of a cluster of one node: this one. */
  cluster?: string;
  port?: number;
}

/** Settings of the engine; returns their path. */
export function writeServerConfig({ dir, grants, cluster }: ServerRequest): string {
  const users = join(dir, 'users.xml');
  const config = join(dir, 'config.xml');
  const rights = (grants ?? ['GRANT ALL ON *.*']).map((grant) => `<query>${grant}</query>`).join('');
  const user = `<default><password/><networks><ip>::1</ip></networks><profile>default</profile><quota>default</quota><grants>${rights}</grants></default>`;
  writeFileSync(
    users,
    `<clickhouse><profiles><default/></profiles><quotas><default/></quotas><users>${user}</users></clickhouse>\n`,
  );
  // The port is nobody's: by it the engine sees that the one node of the cluster is itself.
  const node = '<replica><host>127.0.0.1</host><port>9000</port></replica>';
  const shard = `<shard><internal_replication>true</internal_replication>${node}</shard>`;
  const clusters =
    cluster === undefined
      ? ''
      : `<tcp_port>9000</tcp_port><remote_servers><${cluster}>${shard}</${cluster}></remote_servers>`;
  const strict =
    '<access_control_improvements><on_cluster_queries_require_cluster_grant>true</on_cluster_queries_require_cluster_grant><table_engines_require_grant>true</table_engines_require_grant></access_control_improvements>';
  writeFileSync(
    config,
    `<clickhouse><users_config>${users}</users_config>${strict}${clusters}</clickhouse>\n`,
  );
  return config;
}
