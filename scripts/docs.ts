import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { madePages } from './docs/pages.ts';

/** `npm run docs` writes the pages that are made from the code; with `--check` it only says which ones are stale. */
function run(isCheck: boolean): number {
  const stale = [...madePages()].filter(([path, text]) => readPage(path) !== text);
  for (const [path, text] of stale) {
    if (!isCheck) writeFileSync(fullPath(path), text);
    process.stdout.write(`${path} ${isCheck ? 'is stale: run "npm run docs"' : 'written'}\n`);
  }
  return isCheck && stale.length > 0 ? 1 : 0;
}

function readPage(path: string): string | undefined {
  return existsSync(fullPath(path)) ? readFileSync(fullPath(path), 'utf8') : undefined;
}

function fullPath(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

process.exitCode = run(process.argv.includes('--check'));
