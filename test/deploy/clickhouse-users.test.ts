import { Session } from 'chdb';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sqlLiteral } from '../../services/stores/query-params.ts';

const ROLES = ['migrate', 'ingest', 'detect', 'respond', 'api', 'grafana'];

/** Texts in it hold no semicolon. */
const splitStatements = (sql: string) =>
  sql
    .replaceAll(/^--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

/** Runs the script with a client that writes down what it is given, in place of the one in the image. */
function sqlOfScript(dir: string): string {
  const bin = join(dir, 'bin');
  const secrets = join(dir, 'secrets');
  const written = join(dir, 'written.sql');
  for (const made of [bin, secrets]) mkdirSync(made);
  for (const role of ROLES)
    writeFileSync(join(secrets, `clickhouse_${role}_password`), `password of ${role}\n`);
  writeFileSync(join(bin, 'clickhouse-client'), `#!/bin/sh\ncat >>'${written}'\n`, { mode: 0o755 });
  const script = readFileSync('deploy/compose/clickhouse/users.sh', 'utf8')
    .replaceAll('/run/secrets/', `${secrets}/`)
    .replaceAll('"/gatewatch/', '"deploy/clickhouse/');
  execFileSync('bash', ['-c', script], {
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}` },
  });
  return readFileSync(written, 'utf8');
}

describe('users.sh of Compose', () => {
  let dir: string;
  let session: Session;
  let sql: string;

  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'gatewatch-users-'));
    sql = sqlOfScript(dir);
    session = new Session(join(dir, 'data'));
  });
  afterAll(() => {
    session.close();
    rmSync(dir, { recursive: true, force: true });
  });

  // The engine inside a process keeps no users, so they are not made here.
  it('says nothing that ClickHouse cannot parse', async () => {
    const statements = splitStatements(sql);
    for (const statement of statements) {
      const answer = await session.queryAsync(`SELECT formatQuerySingleLine(${sqlLiteral(statement)})`);
      expect(answer.text()).not.toBe('');
    }
    expect(statements.length).toBeGreaterThan(40);
  });

  it('makes roles and users before it gives them anything', () => {
    const made = new Set<string>();
    for (const statement of splitStatements(sql)) {
      const [, created] = /^CREATE (?:USER|ROLE) IF NOT EXISTS (\w+)/.exec(statement) ?? [];
      if (created !== undefined) made.add(created);
      const [, named = ''] = /(?:^ALTER USER | TO )(\w+)/.exec(statement) ?? [];
      if (named !== '') expect(made, statement).toContain(named);
    }
  });

  it.each(ROLES)('%s may sign in from elsewhere, with the password of its secret', (role) => {
    const hash = createHash('sha256').update(`password of ${role}`).digest('hex');
    expect(splitStatements(sql)).toContain(
      `ALTER USER gatewatch_${role}_user IDENTIFIED WITH sha256_hash BY '${hash}' HOST ANY`,
    );
  });

  it('never sends a password itself', () => {
    expect(sql).not.toContain('password of');
  });

  it('lets nobody sign in as the user of all roles, who has no secret', () => {
    expect(sql).not.toContain('ALTER USER gatewatch_user ');
  });

  it('gives Grafana the role of the page and nothing else, and no way to write', () => {
    const granted = splitStatements(sql).filter((statement) =>
      /^GRANT .* TO gatewatch_grafana/.test(statement),
    );
    expect(granted).toEqual(['GRANT gatewatch_api TO gatewatch_grafana_user']);
    expect(sql).toMatch(
      /SETTINGS PROFILE OR REPLACE gatewatch_grafana SETTINGS readonly = 2, .* TO gatewatch_grafana_user/,
    );
  });
});
