import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeBodies } from './bodies.ts';
import { Child, TOKEN } from './children.ts';
import { sendLoad } from './load.ts';
import { untilStored } from './query.ts';

const PER_ROUND = 50_000;

/** Seconds from the start of the process until `/readyz` says yes, on a folder with so many events. */
export async function measureStartup(events: number, keys: number): Promise<number> {
  const dataDir = mkdtempSync(join(tmpdir(), 'gatewatch-bench-'));
  const settings = { kind: 'gatewatch', token: TOKEN, dataDir } as const;
  const filler = await Child.start(settings);
  for (let sent = 0; sent < events; sent += PER_ROUND) {
    const bodies = makeBodies({
      size: '3.5 kB',
      records: PER_ROUND,
      keys,
      perBody: 100,
      endMs: Date.now(),
      everyKey: false,
    });
    await sendLoad({ url: `${filler.url}/v1/logs/litellm`, token: TOKEN, bodies, connections: 4 });
    await untilStored({ url: filler.url, token: `${TOKEN}-admin` }, sent + PER_ROUND);
  }
  await filler.close();
  const startedAt = performance.now();
  const child = await Child.start(settings);
  while (!(await fetch(`${child.url}/readyz`)).ok) await pause(20);
  const seconds = (performance.now() - startedAt) / 1000;
  await child.close();
  rmSync(dataDir, { recursive: true, force: true });
  return seconds;
}
