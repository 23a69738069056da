import { setTimeout as pause } from 'node:timers/promises';

export interface Api {
  url: string;
  token: string;
}

async function ask({ url, token }: Api, path: string, body?: unknown): Promise<Response> {
  const answer = await fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status.toString()}: ${await answer.text()}`);
  return answer;
}

export async function postJson(api: Api, path: string, body: unknown): Promise<unknown> {
  return (await ask(api, path, body)).json();
}

/** Resolves when so many events are judged since the start of the process. Asked seldom: the answers cost CPU as well. */
export async function untilJudged(api: Api, events: number): Promise<void> {
  for (;;) {
    const text = await (await ask(api, '/metrics')).text();
    if (Number(/^gatewatch_events_judged_total (\d+)/m.exec(text)?.[1]) >= events) return;
    await pause(250);
  }
}

/** Resolves when so many events can be queried. */
export async function untilStored(api: Api, events: number): Promise<void> {
  for (;;) {
    const answer = await postJson(api, '/v1/sql', { query: 'SELECT count() FROM events' });
    if (Number((answer as { rows: unknown[][] }).rows[0]?.[0]) >= events) return;
    await pause(1_000);
  }
}
