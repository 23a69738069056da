import { describe, expect, it } from 'vitest';
import { DETECTORS } from '../../../detectors/registry.ts';
import { detectorListSchema, SCOPE_NAMES, statusSchema } from '../../../services/api/schema.ts';
import { SCOPES } from '../../../services/auth/tokens.ts';
import { aStatus, openApi } from '../../support/api.ts';

describe('status', () => {
  it('is given as main tells it', async () => {
    await using api = await openApi();
    const answer = await api.as('read', { url: '/v1/status' });
    expect(statusSchema.strict().parse(answer.json())).toEqual(aStatus);
  });

  it.each([true, false])('ready %s is what /readyz says, with the reason of each part', async (ready) => {
    const parts = [{ name: 'detect', ready, reason: ready ? '' : 'It catches up.' }];
    await using api = await openApi({ status: () => Promise.resolve({ ...aStatus, ready, parts }) });
    const answer = await api.app.inject('/readyz');
    expect(answer.statusCode).toBe(ready ? 200 : 503);
    expect(answer.json()).toEqual({ ready, parts });
  });

  it('is asked for at most once a second, however often strangers ask', async () => {
    let clock = Date.now();
    let asked = 0;
    const status = () => Promise.resolve({ ...aStatus, ready: (asked += 1) > 1 });
    await using api = await openApi({ status, now: () => clock });
    const ask = async () => (await api.app.inject('/readyz')).statusCode;
    expect(await Promise.all([ask(), ask(), ask()])).toEqual([503, 503, 503]);
    clock += 1_000;
    expect(await ask()).toBe(200);
    expect(asked).toBe(2);
  });

  it('of the process is told by /healthz even when nothing else works', async () => {
    await using api = await openApi({ status: () => Promise.reject(new Error('broken')) });
    const answer = await api.app.inject('/healthz');
    expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
  });
});

describe('metrics', () => {
  it('are those of the registry, as Prometheus reads them', async () => {
    await using api = await openApi();
    api.deps.metrics.eventsJudged.inc(3);
    const answer = await api.as('read', { url: '/metrics' });
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body).toContain('gatewatch_events_judged_total 3');
  });

  it('are brought up to date when somebody asks', async () => {
    await using api = await openApi({
      measure: (metrics) => {
        metrics.lag.set({ topic: 'events', group: 'detect' }, 7);
        return Promise.resolve();
      },
    });
    expect((await api.as('metrics', { url: '/metrics' })).body).toContain(
      'gatewatch_lag_records{topic="events",group="detect"} 7',
    );
  });

  it('are given even when some of them cannot be measured', async () => {
    await using api = await openApi({ measure: () => Promise.reject(new Error('broken')) });
    expect((await api.as('read', { url: '/metrics' })).statusCode).toBe(200);
  });
});

describe('detectors', () => {
  it('show their papers', async () => {
    await using api = await openApi({ detectors: DETECTORS });
    const { detectors } = detectorListSchema.parse((await api.as('read', { url: '/v1/detectors' })).json());
    expect(detectors.map(({ id }) => id)).toEqual(DETECTORS.map(({ id }) => id));
  });
});

describe('the schema', () => {
  it('names the scopes that tokens have', () => {
    expect(SCOPE_NAMES).toEqual(SCOPES);
  });
});
