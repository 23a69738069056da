import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from '../errors.ts';
import type { Authorize } from './authorize.ts';
import type { ApiDeps } from './deps.ts';
import { buildServer, registerLocal } from './server.ts';

/** A path of a socket may have about so many bytes on Linux, and four less on macOS. */
const MAX_PATH_BYTES = 103;

export interface LocalDoor {
  /** Where it listens, in the data folder, which only its owner can enter. */
  path: string;
  close(): Promise<void>;
}

/** Lets the command line of this machine in where no port may be open. Rejects with `E_CONFIG` when the data folder's path
 *  is too long, or its disk knows no sockets. */
export async function openLocalDoor(
  dataDir: string,
  deps: Pick<ApiDeps, 'log' | 'metrics' | 'createCanary'> & { authorize: Authorize },
): Promise<LocalDoor> {
  const path = join(dataDir, 'local.sock');
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    throw new AppError(
      'E_CONFIG',
      `The path ${path} is too long for a socket. Set GATEWATCH_DATA_DIR to a folder with a shorter path.`,
    );
  }
  const app = buildServer(deps);
  await registerLocal(app, deps);
  try {
    // Of a process that was killed. The data folder is ours, so nobody listens there.
    rmSync(path, { force: true });
    await app.listen({ path });
    chmodSync(path, 0o600);
  } catch (cause) {
    await app.close();
    throw new AppError('E_CONFIG', `Cannot listen at ${path}: ${messageOf(cause)}.`, { cause });
  }
  return { path, close: () => app.close() };
}
