import { AppError } from '../../errors.ts';
import { actorName } from '../authorize.ts';
import { actorOf, sendCommand } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import {
  canaryRequestSchema,
  canaryResponseSchema,
  commandResponseSchema,
  freezeRequestSchema,
} from '../schema.ts';

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

  app.post(
    '/v1/canaries',
    {
      config: { access: 'act' },
      schema: {
        tags: ['leaks'],
        summary: 'Mint a key that nobody may use, to be planted where a thief would look',
        body: canaryRequestSchema,
        response: { 201: canaryResponseSchema },
      },
    },
    async (request, reply) => {
      if (deps.createCanary === undefined) {
        throw new AppError(
          'E_NOT_FOUND',
          'This process has no gateway to mint a key at. Set GATEWATCH_LITELLM_URL and GATEWATCH_LITELLM_KEY.',
        );
      }
      const { key, keyId } = await deps.createCanary({ ...request.body, actor: actorName(actorOf(request)) });
      return reply.code(201).send({ key, key_id: keyId });
    },
  );
}
