#!/bin/bash
# Run by the image before ClickHouse listens to others, at each start: users and rights as in deploy/clickhouse, each with
# its password from the secrets. A changed password or a new right is there after "docker compose restart clickhouse".
set -euo pipefail

sql() { clickhouse-client --multiquery --host 127.0.0.1; }

sql <"/gatewatch/roles.sql"
sql <"/gatewatch/users.sql"

# Dashboards read what the page reads, as a user of their own with limits of their own. readonly = 2: the data source of
# Grafana sets limits of time with its queries.
sql <<'SQL'
CREATE USER IF NOT EXISTS gatewatch_grafana_user IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT gatewatch_api TO gatewatch_grafana_user;
CREATE SETTINGS PROFILE OR REPLACE gatewatch_grafana SETTINGS readonly = 2, max_execution_time = 30 MAX 60, max_memory_usage = 400000000 MAX 400000000, max_concurrent_queries_for_user = 16 MAX 16 TO gatewatch_grafana_user;
SQL

for role in migrate ingest detect respond api grafana; do
  # Hashed here and sent by standard input: neither a query log nor a list of processes has the password.
  hash=$(tr -d '\n' <"/run/secrets/clickhouse_${role}_password" | sha256sum | cut -d ' ' -f 1)
  sql <<<"ALTER USER gatewatch_${role}_user IDENTIFIED WITH sha256_hash BY '$hash' HOST ANY;"
done
