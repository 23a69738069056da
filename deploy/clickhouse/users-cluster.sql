-- Made from services/stores/access.ts by "npm run docs". Change it there. How to run it: docs/clickhouse.md, "Users".

-- Nobody can sign in as one of these until it is given a password and a host:
--   ALTER USER … IDENTIFIED WITH sha256_hash BY '…' HOST ANY

CREATE USER IF NOT EXISTS gatewatch_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_ingest, gatewatch_detect, gatewatch_respond, gatewatch_audit, gatewatch_api TO gatewatch_user;

CREATE USER IF NOT EXISTS gatewatch_ingest_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_ingest TO gatewatch_ingest_user;

CREATE USER IF NOT EXISTS gatewatch_detect_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_detect TO gatewatch_detect_user;

CREATE USER IF NOT EXISTS gatewatch_respond_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_respond, gatewatch_audit TO gatewatch_respond_user;

CREATE USER IF NOT EXISTS gatewatch_api_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_api TO gatewatch_api_user;

CREATE USER IF NOT EXISTS gatewatch_migrate_user ON CLUSTER '{cluster}' IDENTIFIED WITH sha256_hash BY '0000000000000000000000000000000000000000000000000000000000000000' HOST NONE GRANTEES NONE;
GRANT ON CLUSTER '{cluster}' gatewatch_migrate TO gatewatch_migrate_user;

-- The process that only reads cannot hold up the others.
CREATE SETTINGS PROFILE OR REPLACE gatewatch_api ON CLUSTER '{cluster}' SETTINGS max_execution_time = 15 MIN 0.1 MAX 15, max_memory_usage = 400000000 MIN 1 MAX 400000000, max_concurrent_queries_for_user = 32 MIN 1 MAX 32 TO gatewatch_api_user;
CREATE QUOTA OR REPLACE gatewatch_api ON CLUSTER '{cluster}' FOR INTERVAL 1 hour MAX queries = 50000, execution_time = 7200 TO gatewatch_api_user;
