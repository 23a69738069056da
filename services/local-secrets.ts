import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf } from './errors.ts';
import { Secret } from './secret.ts';

/** A secret of this installation, made once and kept in the data folder, readable by its owner only. */
export function localSecret(dataDir: string, name: string): Secret {
  const folder = join(dataDir, 'keys');
  const path = join(folder, name);
  try {
    if (!existsSync(path)) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' });
    }
    return new Secret(readFileSync(path, 'utf8').trim());
  } catch (cause) {
    const advice = 'Make room or correct its rights, or set GATEWATCH_DATA_DIR.';
    throw new AppError('E_CONFIG', `${path} cannot be used (${messageOf(cause)}). ${advice}`, { cause });
  }
}
