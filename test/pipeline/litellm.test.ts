import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../services/audit/verify.ts';
import { loadConfig } from '../../services/config.ts';
import type { Incident } from '../../services/api/schema.ts';
import { createLog } from '../../services/log.ts';
import { startGatewatch } from '../../services/main.ts';
import type { Gatewatch } from '../../services/main.ts';
import { chat, hasLab, listenForLab, newKey, startLab } from '../support/litellm-lab.ts';
import type { LitellmLab } from '../support/litellm-lab.ts';

const WAIT = { timeout: 60_000, interval: 250 };
const ingestToken = 'litellm-test-ingest-token-0123456789';
const adminToken = 'litellm-test-admin-token-0123456789';
const office = '192.0.2.10';

if (!hasLab() && process.env['CI'] === 'true')
  throw new Error('No LiteLLM: set LITELLM_URL. In CI this must run.');
if (!hasLab())
  console.warn('NOT RUN: tests against a real LiteLLM. Set LITELLM_URL and LITELLM_MASTER_KEY to run them.');

describe.runIf(hasLab())('with a real LiteLLM', () => {
  let dataDir: string;
  let gatewatch: Gatewatch;
  let lab: LitellmLab;
  const notifications: { type: string }[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => (body += data.toString()));
    request.on('end', () => {
      notifications.push(JSON.parse(body) as { type: string });
      response.end();
    });
  });

  async function api<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${gatewatch.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(response.ok, `${path}: ${response.status.toString()}`).toBe(true);
    return (await response.json()) as Answer;
  }

  async function incidentOf(key: string): Promise<Incident | undefined> {
    const keyId = createHash('sha256').update(key).digest('hex');
    const { incidents } = await api<{ incidents: Incident[] }>(`/v1/incidents?key_id=${keyId}`);
    return incidents[0];
  }

  async function eventsOf(key: string): Promise<number> {
    const keyId = createHash('sha256').update(key).digest('hex');
    const { rows } = await api<{ rows: number[][] }>('/v1/sql', {
      query: 'SELECT count() FROM events WHERE key_id = {key:String}',
      params: { key: keyId },
    });
    return Number(rows[0]?.[0]);
  }

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'gatewatch-litellm-'));
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const settings = {
      GATEWATCH_DATA_DIR: dataDir,
      GATEWATCH_LISTEN: listenForLab(),
      GATEWATCH_INGEST_TOKEN: ingestToken,
      GATEWATCH_ADMIN_TOKEN: adminToken,
      GATEWATCH_WEBHOOK_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port.toString()}/hook`,
      GATEWATCH_WEBHOOK_SECRET: 'a-webhook-secret-of-many-characters',
    };
    // Few keys and many blocks: the caps are tested elsewhere.
    const config = join(dataDir, 'gatewatch.yaml');
    await writeFile(config, 'response: {caps: {fleetPercent: 100, teamPercent: 100}}\n');
    // The port must be known to LiteLLM and LiteLLM's to us: a first start finds the address, a second one has both.
    const log = createLog('warn');
    const webRoot = dataDir;
    const probe = await startGatewatch({ config: loadConfig(settings, config), log, webRoot });
    const listen = new URL(probe.url).host;
    await probe.close();
    lab = await startLab(`http://${listen}/v1/logs/litellm`, ingestToken);
    const environment = {
      ...settings,
      GATEWATCH_LISTEN: listen,
      GATEWATCH_LITELLM_URL: lab.url,
      GATEWATCH_LITELLM_KEY: lab.masterKey,
    };
    gatewatch = await startGatewatch({ config: loadConfig(environment, config), log, webRoot });
  }, 400_000);

  afterAll(async () => {
    await gatewatch.close();
    await lab.stop();
    receiver.close();
    await rm(dataDir, { recursive: true, force: true });
  }, 60_000);

  it('takes in the traffic of a key', async () => {
    const key = await newKey(lab, `quiet-${Date.now().toString()}`);
    for (let call = 0; call < 3; call += 1) expect(await chat(lab, key, office)).toBe(200);
    await vi.waitFor(async () => {
      expect(await eventsOf(key)).toBe(3);
    }, WAIT);
    expect(await incidentOf(key)).toBeUndefined();
  });

  it('blocks a reported key when it is used, sees the denial, tells people, and gives the key back on command', async () => {
    const key = await newKey(lab, `leaked-${Date.now().toString()}`);
    expect(await chat(lab, key, office)).toBe(200);
    await api('/v1/leaks', { source: 'test scanner', keys: [{ key }] });
    // The thief goes on until the door is shut; the last call is the denial that proves it.
    await vi.waitFor(async () => {
      expect(await chat(lab, key, '203.0.113.7')).toBe(401);
    }, WAIT);
    const incident = await vi.waitFor(async () => {
      const found = await incidentOf(key);
      expect(found).toMatchObject({ kind: 'leaked_key', severity: 'critical', containment: 'verified' });
      return found;
    }, WAIT);
    await vi.waitFor(() => {
      expect(notifications.map(({ type }) => type)).toContain('incident.contained');
    }, WAIT);
    const incidentId = incident?.incident_id ?? '';
    await api(`/v1/incidents/${incidentId}/commands`, { command: 'restore', note: 'a false report' });
    await vi.waitFor(async () => {
      expect(await chat(lab, key, office)).toBe(200);
    }, WAIT);
    await vi.waitFor(async () => {
      expect(await incidentOf(key)).toMatchObject({ containment: 'restored' });
    }, WAIT);
  });

  it('catches the first use of a canary, although the key can do nothing, and names the place', async () => {
    const { key } = await api<{ key: string }>('/v1/canaries', {
      gateway: 'litellm',
      place: 'wiki page of the build team',
    });
    expect(await chat(lab, key, '198.51.100.20')).not.toBe(200);
    const incident = await vi.waitFor(async () => {
      const found = await incidentOf(key);
      expect(found).toMatchObject({ kind: 'leaked_key', severity: 'critical', certainty: 'canary-used' });
      return found;
    }, WAIT);
    expect(JSON.stringify(incident)).toContain('wiki page of the build team');
    expect(JSON.stringify(incident)).not.toContain(key);
  });

  it('leaves an audit chain that verifies', async () => {
    const { ok, records } = await verifyAudit(dataDir, []);
    expect(ok).toBe(true);
    expect(records).toBeGreaterThan(2);
  });
});
