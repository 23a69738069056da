-- Made from services/stores/access.ts by "npm run docs". Change it there. How to run it: docs/clickhouse.md, "Users".

-- Copies what could not be read.
CREATE ROLE IF NOT EXISTS gatewatch_ingest ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.schema_versions TO gatewatch_ingest;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.rejected TO gatewatch_ingest;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.rejected_local TO gatewatch_ingest;

-- Writes events and what is known of keys.
CREATE ROLE IF NOT EXISTS gatewatch_detect ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.schema_versions TO gatewatch_detect;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.events TO gatewatch_detect;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.events_local TO gatewatch_detect;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.keys_versions TO gatewatch_detect;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.keys_versions_local TO gatewatch_detect;

-- Writes incidents and all that belongs to them; counts keys for its caps, and reads the events of a key that people judged.
CREATE ROLE IF NOT EXISTS gatewatch_respond ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.schema_versions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.findings TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.findings_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.incidents_versions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.incidents_versions_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.incident_changes TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.incident_changes_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.actions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.actions_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.ledger TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.ledger_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.leaked_keys_versions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.leaked_keys_versions_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys_versions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys_versions_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.events TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.events_local TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys_versions TO gatewatch_respond;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys_versions_local TO gatewatch_respond;

-- Adds to the copy of the audit chain; cannot read it.
CREATE ROLE IF NOT EXISTS gatewatch_audit ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.schema_versions TO gatewatch_audit;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.audit TO gatewatch_audit;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.audit_local TO gatewatch_audit;

-- Reads the documented tables, for the page and for SQL of people.
CREATE ROLE IF NOT EXISTS gatewatch_api ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.schema_versions TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.events TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.events_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.findings TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.findings_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.incidents TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.incidents_versions TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.incidents_versions_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.incident_changes TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.incident_changes_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.actions TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.actions_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.ledger TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.ledger_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.audit TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.audit_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys_versions TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.leaked_keys_versions_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys_versions TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.keys_versions_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.rejected TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.rejected_local TO gatewatch_api;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.spend_by_minute TO gatewatch_api;

-- Makes and changes the schema, and nothing else; for "gatewatch migrate".
CREATE ROLE IF NOT EXISTS gatewatch_migrate ON CLUSTER '{cluster}';
GRANT ON CLUSTER '{cluster}' CREATE DATABASE ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' CREATE TABLE ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' CREATE VIEW ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP VIEW ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' ALTER ADD COLUMN ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' ALTER MODIFY COLUMN ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' ALTER ADD INDEX ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' ALTER TTL ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' ALTER SETTINGS ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' SELECT ON gatewatch.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.schema_versions TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch._tmp_replace_* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP TABLE ON gatewatch._tmp_replace_* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.incidents TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP TABLE ON gatewatch.incidents TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.leaked_keys TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP TABLE ON gatewatch.leaked_keys TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.keys TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP TABLE ON gatewatch.keys TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' INSERT ON gatewatch.spend_by_minute TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' DROP TABLE ON gatewatch.spend_by_minute TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' TABLE ENGINE ON ReplicatedMergeTree TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' TABLE ENGINE ON ReplicatedReplacingMergeTree TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' TABLE ENGINE ON Distributed TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' CLUSTER ON *.* TO gatewatch_migrate;
GRANT ON CLUSTER '{cluster}' REMOTE ON *.* TO gatewatch_migrate;
