import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The built page: beside the compiled code, or in dist/ when run from source. */
export function webRoot(): string {
  const candidates = ['../../web', '../../dist/web'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return candidates.find((path) => existsSync(path)) ?? candidates[0] ?? '';
}
