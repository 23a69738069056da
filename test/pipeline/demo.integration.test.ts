import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyAudit } from '../../services/audit/verify.ts';
import { startDemo } from '../../services/cli/demo.ts';
import type { Demo } from '../../services/cli/demo.ts';
import type { ApiClient } from '../../services/cli/api-client.ts';
import { findServer } from '../../services/cli/running.ts';
import { loadConfig } from '../../services/config.ts';
import type { Outcome } from '../../services/demo/play.ts';

describe('the demo', () => {
  const said: string[] = [];
  const startedAt = Date.now();
  let demo: Demo;
  let outcome: Outcome;
  let api: ApiClient;
  beforeAll(async () => {
    demo = await startDemo({ port: 0, say: (line) => said.push(line) });
    outcome = await demo.outcome;
    const found = findServer(loadConfig({ GATEWATCH_DATA_DIR: demo.dataDir }), {});
    if (found === undefined) throw new Error('The command line does not find the demo.');
    api = found;
  });
  afterAll(() => demo.close());

  it('shows a key that was caught and blocked within 30 s', () => {
    expect(Date.now() - startedAt).toBeLessThan(30_000);
    expect(outcome.served).toBeGreaterThan(0);
    expect(outcome.caughtAfterMs).toBeLessThan(5_000);
    expect(outcome.incident).toMatchObject({ severity: 'critical', containment: 'verified' });
  });

  it('finds one incident, worth a message, and none in the usual traffic', async () => {
    const { incidents } = (await api.get('/v1/incidents')) as { incidents: Record<string, unknown>[] };
    const notable = incidents.filter(({ severity }) => severity !== 'info' && severity !== 'low');
    expect(notable).toHaveLength(1);
    expect(notable[0]).toMatchObject({
      kind: 'leaked_key',
      key_alias: 'dana-laptop',
      user: 'dana',
      certainty: 'leak-in-use',
    });
    expect(incidents.every(({ key_id: keyId }) => keyId === outcome.keyId)).toBe(true);
  });

  it('shows the refused calls in SQL, and no key anywhere', async () => {
    const query = 'SELECT count() FROM events WHERE outcome = {outcome:String}';
    // Rows reach the store a little after the judgement.
    await vi.waitFor(
      async () => {
        const answer = await api.post('/v1/sql', { query, params: { outcome: 'blocked_key' } });
        expect(Number((answer as { rows: unknown[][] }).rows[0]?.[0])).toBeGreaterThan(0);
      },
      { timeout: 15_000, interval: 250 },
    );
    expect(said.join('\n')).not.toMatch(/sk-/);
  });

  it('gives a link to sign in with, and tells the story', async () => {
    const link = new URL(/http\S+/.exec(said.find((line) => line.startsWith('Watch:')) ?? '')?.[0] ?? '');
    const token = new URLSearchParams(link.hash.replace('#/sign-in?', '')).get('token');
    const signedIn = await fetch(`${link.origin}/v1/incidents`, {
      headers: { authorization: `Bearer ${token ?? ''}` },
    });
    expect(signedIn.status).toBe(200);
    for (const word of ['A stranger', 'A scanner', 'is refused by the gateway', 'containment verified'])
      expect(said.join('\n')).toContain(word);
  });

  it('leaves an audit chain that verifies, and nothing else when it ends', async () => {
    const { ok, records } = await verifyAudit(demo.dataDir, []);
    expect(ok).toBe(true);
    expect(records).toBeGreaterThan(1);
    await demo.close();
    expect(existsSync(demo.dataDir)).toBe(false);
    await expect(fetch(demo.url)).rejects.toThrow();
  });
});
