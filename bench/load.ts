import { Agent, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export interface LoadOptions {
  url: string;
  token: string;
  bodies: readonly Buffer[];
  connections: number;
  /** Bodies a second; undefined sends as fast as the server answers. */
  perSecond?: number;
  /** Gives the body to send in place of this one. */
  beforeSend?: (body: Buffer, index: number) => Buffer;
}

export interface LoadResult {
  seconds: number;
  /** Milliseconds from sending a body to its answer, sorted. */
  answerMs: number[];
}

function post(agent: Agent, { url, token }: LoadOptions, body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      'content-length': body.length,
    };
    const sent = request(url, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`The server answered ${String(answer.statusCode)}.`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Sends every body once over a few keep-alive connections. */
export async function sendLoad(options: LoadOptions): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  const answerMs: number[] = [];
  const start = performance.now();
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < options.bodies.length; index = next++) {
      const due = options.perSecond === undefined ? 0 : start + (index / options.perSecond) * 1000;
      const wait = due - performance.now();
      if (wait > 0) await pause(wait);
      const sentAt = performance.now();
      const body = options.bodies[index] ?? Buffer.alloc(0);
      await post(agent, options, options.beforeSend?.(body, index) ?? body);
      answerMs.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: options.connections }, worker));
  agent.destroy();
  return { seconds: (performance.now() - start) / 1000, answerMs: answerMs.sort((a, b) => a - b) };
}
