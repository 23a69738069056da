import { actorOf, sendCommand } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { commandResponseSchema, freezeRequestSchema } from '../schema.ts';

export function registerSettings(app: Api, deps: ApiDeps): void {
  app.post(
    '/v1/settings/freeze',
    {
      config: { access: 'act' },
      schema: {
        tags: ['settings'],
        summary: 'Stop or resume all automatic actions at once',
        body: freezeRequestSchema,
        response: { 202: commandResponseSchema },
      },
    },
    async (request, reply) => {
      const commandId = await sendCommand(deps, actorOf(request), { type: 'freeze', on: request.body.on });
      return reply.code(202).send({ command_id: commandId });
    },
  );
}
