import { describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { AppError } from '../../../services/errors.ts';
import type { IncidentSnapshot } from '../../../services/incidents/incident.ts';
import { COMMAND_NAMES } from '../../../services/topics.ts';
import { awayStore, openApi } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';
import { anIncidentSnapshot } from '../../support/notifications.ts';

/** A store that holds these incidents and nothing else. */
function storeOf(...incidents: IncidentSnapshot[]): typeof awayStore {
  return {
    ...awayStore,
    query: <Row>(_sql: string, params: Readonly<Record<string, unknown>> = {}) => {
      const found = incidents.filter(({ incidentId }) => incidentId === params['id']);
      return Promise.resolve(found.map((one) => ({ detail: JSON.stringify(one) })) as Row[]);
    },
  };
}

const incident = anIncidentSnapshot();
const path = `/v1/incidents/${incident.incidentId}/commands`;
const send = (api: TestApi, scope: 'read' | 'triage' | 'act', payload: object, url = path) =>
  api.as(scope, { method: 'POST', url, payload });

describe('a command', () => {
  it('is handed to respond with who gave it, and answered by its id', async () => {
    const now = () => 1_790_000_000_000;
    await using api = await openApi({ store: storeOf(incident), now });
    const answer = await send(api, 'triage', { command: 'resolve', verdict: 'ours', note: 'load test' });
    expect(answer.statusCode).toBe(202);
    const { command_id: commandId } = answer.json<{ command_id: string }>();
    expect(api.appended('commands')).toEqual([
      {
        type: 'incident',
        commandId,
        at: now(),
        incidentId: incident.incidentId,
        command: 'resolve',
        verdict: 'ours',
        note: 'load test',
        actor: expect.stringMatching(/^triage of the test \(.+\)$/) as string,
      },
    ]);
  });

  it('has an id of its own each time', async () => {
    await using api = await openApi({ store: storeOf(incident) });
    for (const _ of [1, 2, 3]) await send(api, 'triage', { command: 'acknowledge' });
    expect(new Set(api.appended('commands').map(({ commandId }) => commandId)).size).toBe(3);
  });

  const acting = ['block', 'restore', 'approve'];
  it.each(COMMAND_NAMES)('%s needs scope act only if it reaches out to a gateway', async (command) => {
    await using api = await openApi({ store: storeOf(incident) });
    expect((await send(api, 'triage', { command })).statusCode).toBe(acting.includes(command) ? 403 : 202);
    expect((await send(api, 'act', { command })).statusCode).toBe(202);
    expect(api.appended('commands')).toHaveLength(acting.includes(command) ? 1 : 2);
  });

  it('on an incident nobody knows is not found', async () => {
    await using api = await openApi({ store: storeOf(incident) });
    const answer = await send(api, 'act', { command: 'block' }, '/v1/incidents/inc_none/commands');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ error: { code: 'E_NOT_FOUND' } });
    expect(api.appended('commands')).toEqual([]);
  });

  it('gets through while the store is away, because a thief does not wait for it', async () => {
    await using api = await openApi({ store: awayStore });
    expect((await send(api, 'act', { command: 'block' })).statusCode).toBe(202);
    expect(api.appended('commands')).toHaveLength(1);
  });

  it('is not answered before it is durable', async () => {
    const append = () => Promise.reject(new AppError('E_TRANSPORT_UNAVAILABLE', 'disk full'));
    await using api = await openApi({ store: storeOf(incident), transport: { append } });
    const answer = await send(api, 'act', { command: 'block' });
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ error: { code: 'E_TRANSPORT_UNAVAILABLE' } });
  });

  it.each([
    ['another word', { command: 'delete' }],
    ['another verdict', { command: 'resolve', verdict: 'yes' }],
    ['a field nobody knows', { command: 'resolve', actor: 'somebody else' }],
    ['a very long note', { command: 'resolve', note: 'x'.repeat(2_001) }],
    ['nothing', {}],
  ])('with %s is refused', async (_story, payload) => {
    await using api = await openApi({ store: storeOf(incident) });
    expect((await send(api, 'act', payload)).statusCode).toBe(400);
    expect(api.appended('commands')).toEqual([]);
  });
});

describe('freezing', () => {
  it.each([true, false])('is a command too: %s', async (on) => {
    await using api = await openApi();
    const answer = await api.as('act', { method: 'POST', url: '/v1/settings/freeze', payload: { on } });
    expect(answer.statusCode).toBe(202);
    expect(api.appended('commands')).toMatchObject([
      { type: 'freeze', on, actor: expect.stringContaining('act of the test') as string },
    ]);
  });
});

describe('a canary', () => {
  it('is minted by respond, and its key is shown once', async () => {
    const asked: unknown[] = [];
    await using api = await openApi({
      createCanary: (request) => {
        asked.push(request);
        return Promise.resolve({ key: 'sk-canary', keyId: 'ab'.repeat(32) as KeyId });
      },
    });
    const payload = { gateway: 'litellm', place: 'the wiki' };
    const answer = await api.as('act', { method: 'POST', url: '/v1/canaries', payload });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ key: 'sk-canary', key_id: 'ab'.repeat(32) });
    expect(asked).toMatchObject([
      { ...payload, actor: expect.stringContaining('act of the test') as string },
    ]);
  });

  it('needs a gateway', async () => {
    await using api = await openApi();
    const payload = { gateway: 'litellm', place: 'the wiki' };
    const answer = await api.as('act', { method: 'POST', url: '/v1/canaries', payload });
    expect(answer.statusCode).toBe(404);
    expect(answer.body).toContain('GATEWATCH_LITELLM_URL');
  });
});
