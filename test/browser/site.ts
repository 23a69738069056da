import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { vi } from 'vitest';
import { openTokens } from '../../services/auth/tokens.ts';
import type { Scope } from '../../services/auth/tokens.ts';
import { loadConfig } from '../../services/config.ts';
import { startFakeGateway } from '../../services/demo/fake-gateway.ts';
import type { FakeGateway } from '../../services/demo/fake-gateway.ts';
import type { Incident, IncidentList } from '../../services/api/schema.ts';
import { createLog } from '../../services/log.ts';
import { startGatewatch } from '../../services/main.ts';
import type { Gatewatch } from '../../services/main.ts';

/** Many keys are stolen within minutes here. */
const SETTINGS = `mode: certain
response:
  protected: [kept-for-people]
  caps: { per10min: 100, perHour: 100, perDay: 100, fleetPercent: 100, teamPercent: 100 }
`;

/** A running gatewatch with the page as it is in the source now, and a gateway to watch. */
export interface Site {
  gatewatch: Gatewatch;
  gateway: FakeGateway;
  /** Hands the calls of the gateway since the last time to gatewatch. */
  ship(): Promise<void>;
  api<Answer>(path: string, body?: unknown): Promise<Answer>;
  /** A new token of this scope. */
  tokenOf(scope: Scope): Promise<string>;
  close(): Promise<void>;
}

export async function startSite(): Promise<Site> {
  const dir = await mkdtemp(join(tmpdir(), 'gatewatch-page-'));
  const webRoot = join(dir, 'web');
  await buildPage(webRoot);
  await writeFile(join(dir, 'gatewatch.yaml'), SETTINGS);
  const gateway = await startFakeGateway({ keyCacheMs: 0 });
  const env = {
    GATEWATCH_DATA_DIR: join(dir, 'data'),
    GATEWATCH_LISTEN: '127.0.0.1:0',
    GATEWATCH_LITELLM_URL: gateway.url,
    GATEWATCH_LITELLM_KEY: gateway.masterKey,
  };
  const config = loadConfig(env, join(dir, 'gatewatch.yaml'));
  const gatewatch = await startGatewatch({ config, log: createLog('error'), webRoot });
  let shipped = 0;

  async function api<Answer>(path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(`${gatewatch.url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${gatewatch.localToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path}: ${response.status.toString()} ${await response.text()}`);
    return (await response.json()) as Answer;
  }

  return {
    gatewatch,
    gateway,
    api,
    async ship() {
      const records = gateway.records.slice(shipped);
      shipped += records.length;
      await api('/v1/logs/litellm', records);
    },
    async tokenOf(scope) {
      const tokens = await openTokens({ dir: config.dataDir, now: Date.now });
      const { text } = await tokens.create({
        scope,
        name: `test ${scope}`,
        expiresAt: Date.now() + 3_600_000,
      });
      return text;
    },
    async close() {
      await gatewatch.close();
      await gateway.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function buildPage(outDir: string): Promise<void> {
  const configFile = fileURLToPath(new URL('../../dashboards/web/vite.config.ts', import.meta.url));
  await build({ configFile, logLevel: 'warn', build: { outDir } });
}

export interface Theft {
  key: string;
  keyId: string;
  incidentId: string;
}

const STRANGER = { ip: '198.51.100.7', userAgent: 'python-requests/2.32.3' };
const OWNER = { ip: '192.0.2.10', userAgent: 'OpenAI/Python 1.51.0' };

/** A key that is used by its owner, found in public, and used by a stranger. Resolves when its incident is such. */
export async function steal(
  site: Site,
  { alias, model }: { alias: string; model?: string },
  isSuch: (incident: Incident) => boolean,
): Promise<Theft> {
  const { gateway } = site;
  const { key, keyId } = gateway.createKey({ alias, team: 'search', user: 'dana' });
  gateway.call(key, OWNER);
  await site.ship();
  await site.api('/v1/leaks', {
    source: 'test',
    keys: [{ sha256: keyId }],
    url: 'https://git.example.com/x',
  });
  const incidentId = await vi.waitFor(
    async () => {
      gateway.call(key, model === undefined ? STRANGER : { ...STRANGER, model });
      await site.ship();
      const { incidents } = await site.api<IncidentList>(`/v1/incidents?key_id=${keyId}`);
      const newest = incidents[0];
      if (newest !== undefined && isSuch(newest)) return newest.incident_id;
      throw new Error(`Not such an incident: ${JSON.stringify(newest)}`);
    },
    { timeout: 30_000, interval: 200 },
  );
  return { key, keyId, incidentId };
}

/** The stranger goes on until a call is refused, which proves the block. Beyond the cap for so few keys a person
 *  approves it. */
export async function stealAndBlock(site: Site, what: { alias: string; model?: string }): Promise<Theft> {
  let isApproved = false;
  return steal(site, what, (incident) => {
    if (incident.certainty !== null && incident.decision.action === 'ask' && !isApproved) {
      isApproved = true;
      void site.api(`/v1/incidents/${incident.incident_id}/commands`, { command: 'approve' });
    }
    return incident.containment === 'verified';
  });
}
