import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

/** Below those that systems give to outgoing connections: whoever is killed finds its port free when it starts again. */
const FIRST_PORT = 12_000;
const LAST_PORT = 30_000;
const MAX_TRIES = 200;

/** Held all at once, so that no port comes twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held: { port: number; server: Server }[] = [];
  for (let tries = 0; held.length < count; tries += 1) {
    if (tries >= MAX_TRIES + count) throw new Error('There are no free ports.');
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT));
    const server = createServer().listen(port, '127.0.0.1');
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) held.push({ port, server });
  }
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return held.map(({ port }) => port);
}

export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
