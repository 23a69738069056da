import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifySchema } from 'fastify';
import { z } from 'zod';
import { VERSION } from '../version.ts';
import type { Access } from './deps.ts';
import { errorSchema } from './schema.ts';

/** Ingest's route carries no schema, so that nothing is done for it on the way; it is described here. */
const LOGS_PATH = '/v1/logs/:format';
const logsSchema: FastifySchema = {
  tags: ['ingest'],
  summary:
    'Take in log records of a gateway: one object, an array, or one a line; gzip allowed, up to 32 MiB',
  params: z.object({ format: z.string().describe('`litellm`') }),
  consumes: ['application/json', 'application/x-ndjson'],
  body: z.union([z.looseObject({}), z.array(z.looseObject({}))]),
  response: {
    200: z.object({
      accepted: z.number(),
      duplicates: z.number(),
      rejected: z.number(),
      errors: z.array(z.object({ index: z.number(), code: z.string() })),
    }),
  },
};

function toJson(schema: unknown, io: 'input' | 'output'): unknown {
  if (!(schema instanceof z.ZodType)) return schema;
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // `format` says it; the pattern is a page long.
    override: ({ jsonSchema }) => {
      if (jsonSchema.format !== undefined) delete jsonSchema.pattern;
    },
  });
  return json;
}

function describe(schema: FastifySchema, access: Access): FastifySchema {
  const inputs = (['body', 'querystring', 'params'] as const).filter((part) => schema[part] !== undefined);
  const responses = Object.entries((schema.response ?? {}) as Record<string, unknown>);
  return {
    ...schema,
    ...Object.fromEntries(inputs.map((part) => [part, toJson(schema[part], 'input')])),
    description: [schema.description, accessText(access)].filter((text) => text !== undefined).join('\n\n'),
    security: access === 'public' || access === 'signed' ? [] : [{ bearer: [] }, { session: [] }],
    response: Object.fromEntries([
      ...responses.map(([status, one]) => [status, toJson(one, 'output')]),
      ['default', { description: 'An error', ...(toJson(errorSchema, 'output') as object) }],
    ]),
  };
}

function accessText(access: Access): string {
  if (access === 'public') return 'Needs no token.';
  if (access === 'signed') return 'Needs no token: the sender signs the body.';
  return `Scope: \`${access}\`.`;
}

export const OPENAPI: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'gatewatch',
      version: VERSION,
      description: 'Security monitoring for AI gateways. Errors are `{"error":{"code","message"}}`.',
    },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        session: { type: 'apiKey', in: 'cookie', name: 'gatewatch' },
      },
    },
  },
  transform: ({ schema, url, route }) => {
    const own = url === LOGS_PATH ? logsSchema : (schema as FastifySchema | undefined);
    if (own === undefined) return { schema: { hide: true }, url };
    return { schema: describe(own, route.config?.access ?? 'ingest'), url };
  },
};
