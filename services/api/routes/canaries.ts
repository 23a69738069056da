import { AppError } from '../../errors.ts';
import { actorName } from '../authorize.ts';
import { actorOf } from '../commands.ts';
import type { Api, ApiDeps } from '../deps.ts';
import { canaryRequestSchema, canaryResponseSchema } from '../schema.ts';

export function registerCanaries(app: Api, deps: Pick<ApiDeps, 'createCanary'>): void {
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
          'This process has no credential of a gateway. Run "gatewatch canary create" where respond runs, with GATEWATCH_LITELLM_URL and GATEWATCH_LITELLM_KEY.',
        );
      }
      const { key, keyId } = await deps.createCanary({ ...request.body, actor: actorName(actorOf(request)) });
      return reply.code(201).send({ key, key_id: keyId });
    },
  );
}
