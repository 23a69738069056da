import { AppError } from '../../errors.ts';
import type { CommandName } from '../../topics.ts';
import { requireScope } from '../authorize.ts';
import { actorOf, sendCommand } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { findIncident, listIncidents, relatedTo } from '../incident-queries.ts';
import { toDetail, toIncident } from '../incident-shape.ts';
import {
  commandRequestSchema,
  commandResponseSchema,
  idParamsSchema,
  incidentDetailSchema,
  incidentListSchema,
  incidentQuerySchema,
} from '../schema.ts';

/** These reach out to a gateway. */
const ACTING: ReadonlySet<CommandName> = new Set(['block', 'restore', 'approve']);
const tags = ['incidents'];

export function registerIncidents(app: Api, deps: ApiDeps): void {
  registerCommands(app, deps);

  app.get(
    '/v1/incidents',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'Incidents, newest first',
        querystring: incidentQuerySchema,
        response: { 200: incidentListSchema },
      },
    },
    async ({ query }) => {
      const { rows, next } = await listIncidents(deps.store, query);
      return { incidents: rows.map(toIncident), next };
    },
  );

  app.get(
    '/v1/incidents/:id',
    {
      config: { access: 'read' },
      schema: {
        tags,
        summary: 'An incident with evidence, timeline, actions and related incidents',
        params: idParamsSchema,
        response: { 200: incidentDetailSchema },
      },
    },
    async ({ params }) => {
      const incident = await findIncident(deps.store, params.id);
      return toDetail(incident, await relatedTo(deps.store, incident));
    },
  );
}

function registerCommands(app: Api, deps: ApiDeps): void {
  app.post(
    '/v1/incidents/:id/commands',
    {
      config: { access: 'triage' },
      schema: {
        tags,
        summary: 'Say what shall become of an incident; the incident shows the result',
        description: '`block`, `restore` and `approve` need scope `act`.',
        params: idParamsSchema,
        body: commandRequestSchema,
        response: { 202: commandResponseSchema },
      },
    },
    async (request, reply) => {
      const { command, verdict, note } = request.body;
      const actor = actorOf(request);
      if (ACTING.has(command)) requireScope(actor, 'act');
      await mustExist(deps, request.params.id);
      const incidentId = request.params.id;
      const commandId = await sendCommand(deps, actor, {
        type: 'incident',
        incidentId,
        command,
        verdict,
        note,
      });
      return reply.code(202).send({ command_id: commandId });
    },
  );
}

/** While the store is away a key can still be blocked; respond knows its incidents itself. */
async function mustExist({ store }: ApiDeps, incidentId: string): Promise<void> {
  try {
    await findIncident(store, incidentId);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'E_STORE_UNAVAILABLE') throw error;
  }
}
