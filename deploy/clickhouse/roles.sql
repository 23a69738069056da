-- Made from services/stores/access.ts by "npm run docs". Change it there. How to run it: docs/clickhouse.md, "Users".

-- Copies what could not be read.
CREATE ROLE IF NOT EXISTS gatewatch_ingest;
GRANT SELECT ON gatewatch.schema_versions TO gatewatch_ingest;
GRANT INSERT ON gatewatch.rejected TO gatewatch_ingest;

-- Writes events and what is known of keys.
CREATE ROLE IF NOT EXISTS gatewatch_detect;
GRANT SELECT ON gatewatch.schema_versions TO gatewatch_detect;
GRANT INSERT ON gatewatch.events TO gatewatch_detect;
GRANT INSERT ON gatewatch.keys_versions TO gatewatch_detect;

-- Writes incidents and all that belongs to them; counts keys for its caps, and reads the events of a key that people judged.
CREATE ROLE IF NOT EXISTS gatewatch_respond;
GRANT SELECT ON gatewatch.schema_versions TO gatewatch_respond;
GRANT INSERT ON gatewatch.findings TO gatewatch_respond;
GRANT INSERT ON gatewatch.incidents_versions TO gatewatch_respond;
GRANT INSERT ON gatewatch.incident_changes TO gatewatch_respond;
GRANT INSERT ON gatewatch.actions TO gatewatch_respond;
GRANT INSERT ON gatewatch.ledger TO gatewatch_respond;
GRANT INSERT ON gatewatch.leaked_keys_versions TO gatewatch_respond;
GRANT SELECT ON gatewatch.keys TO gatewatch_respond;
GRANT SELECT ON gatewatch.keys_versions TO gatewatch_respond;
GRANT SELECT ON gatewatch.events TO gatewatch_respond;
GRANT SELECT ON gatewatch.leaked_keys TO gatewatch_respond;
GRANT SELECT ON gatewatch.leaked_keys_versions TO gatewatch_respond;

-- Adds to the copy of the audit chain; cannot read it.
CREATE ROLE IF NOT EXISTS gatewatch_audit;
GRANT SELECT ON gatewatch.schema_versions TO gatewatch_audit;
GRANT INSERT ON gatewatch.audit TO gatewatch_audit;

-- Reads the documented tables, for the page and for SQL of people.
CREATE ROLE IF NOT EXISTS gatewatch_api;
GRANT SELECT ON gatewatch.schema_versions TO gatewatch_api;
GRANT SELECT ON gatewatch.events TO gatewatch_api;
GRANT SELECT ON gatewatch.findings TO gatewatch_api;
GRANT SELECT ON gatewatch.incidents TO gatewatch_api;
GRANT SELECT ON gatewatch.incidents_versions TO gatewatch_api;
GRANT SELECT ON gatewatch.incident_changes TO gatewatch_api;
GRANT SELECT ON gatewatch.actions TO gatewatch_api;
GRANT SELECT ON gatewatch.ledger TO gatewatch_api;
GRANT SELECT ON gatewatch.audit TO gatewatch_api;
GRANT SELECT ON gatewatch.leaked_keys TO gatewatch_api;
GRANT SELECT ON gatewatch.leaked_keys_versions TO gatewatch_api;
GRANT SELECT ON gatewatch.keys TO gatewatch_api;
GRANT SELECT ON gatewatch.keys_versions TO gatewatch_api;
GRANT SELECT ON gatewatch.rejected TO gatewatch_api;
GRANT SELECT ON gatewatch.spend_by_minute TO gatewatch_api;

-- Makes and changes the schema, and nothing else; for "gatewatch migrate".
CREATE ROLE IF NOT EXISTS gatewatch_migrate;
GRANT CREATE DATABASE ON gatewatch.* TO gatewatch_migrate;
GRANT CREATE TABLE ON gatewatch.* TO gatewatch_migrate;
GRANT CREATE VIEW ON gatewatch.* TO gatewatch_migrate;
GRANT DROP VIEW ON gatewatch.* TO gatewatch_migrate;
GRANT ALTER ADD COLUMN ON gatewatch.* TO gatewatch_migrate;
GRANT ALTER MODIFY COLUMN ON gatewatch.* TO gatewatch_migrate;
GRANT ALTER ADD INDEX ON gatewatch.* TO gatewatch_migrate;
GRANT ALTER TTL ON gatewatch.* TO gatewatch_migrate;
GRANT ALTER SETTINGS ON gatewatch.* TO gatewatch_migrate;
GRANT SELECT ON gatewatch.* TO gatewatch_migrate;
GRANT INSERT ON gatewatch.schema_versions TO gatewatch_migrate;
GRANT INSERT ON gatewatch._tmp_replace_* TO gatewatch_migrate;
GRANT DROP TABLE ON gatewatch._tmp_replace_* TO gatewatch_migrate;
GRANT INSERT ON gatewatch.incidents TO gatewatch_migrate;
GRANT DROP TABLE ON gatewatch.incidents TO gatewatch_migrate;
GRANT INSERT ON gatewatch.leaked_keys TO gatewatch_migrate;
GRANT DROP TABLE ON gatewatch.leaked_keys TO gatewatch_migrate;
GRANT INSERT ON gatewatch.keys TO gatewatch_migrate;
GRANT DROP TABLE ON gatewatch.keys TO gatewatch_migrate;
GRANT INSERT ON gatewatch.spend_by_minute TO gatewatch_migrate;
GRANT DROP TABLE ON gatewatch.spend_by_minute TO gatewatch_migrate;
GRANT TABLE ENGINE ON MergeTree TO gatewatch_migrate;
GRANT TABLE ENGINE ON ReplacingMergeTree TO gatewatch_migrate;
