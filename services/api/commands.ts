import { randomUUID } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { Command } from '../topics.ts';
import type { Actor } from './authorize.ts';
import { actorName } from './authorize.ts';
import type { ApiDeps } from './deps.ts';

type Unsent<Kind> = Kind extends Command ? Omit<Kind, 'commandId' | 'at' | 'actor'> : never;

/** Hands a person's command to respond; resolves with its id when it is durable. */
export async function sendCommand(
  { transport, now }: ApiDeps,
  actor: Actor,
  command: Unsent<Extract<Command, { actor: string }>>,
): Promise<string> {
  const commandId = `cmd_${randomUUID()}`;
  const full = { ...command, commandId, at: now(), actor: actorName(actor) };
  await transport.append('commands', [
    { key: full.type, id: commandId, value: JSON.stringify(full satisfies Command) },
  ]);
  return commandId;
}

/** Who asks. The guard of the routes has seen to it that there is somebody. */
export function actorOf({ actor }: FastifyRequest): Actor {
  if (actor === undefined) throw new AppError('E_UNAUTHORIZED', 'Nobody is signed in.');
  return actor;
}
