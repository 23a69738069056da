import { createChdbConnection } from 'chdb/connection';
import { createClient } from '@clickhouse/client';
import fastify from 'fastify';

/** What one would write in an afternoon: framework JSON body, a Map per key, objects into the client. The yardstick (b). */

interface PlainRecord {
  litellm_call_id: string;
  endTime: number;
  startTime: number;
  status: string;
  model_group: string;
  custom_llm_provider: string;
  call_type: string;
  response_cost: number;
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  requester_ip_address: string;
  user_agent: string;
  trace_id: string;
  metadata: Record<string, string | null>;
}

const COLUMNS = `ts DateTime64(3), event_id String, key_id String, key_alias String, team String, team_alias String,
  user String, ip String, user_agent String, model String, provider String, call_type String, status String,
  prompt_tokens UInt32, completion_tokens UInt32, total_tokens UInt32, cost_usd Float64, duration_ms UInt32,
  trace_id String`;

export async function startPlain(
  dir: string,
): Promise<{ url: string; settle(): Promise<void>; close(): Promise<void> }> {
  const client = createClient({ connection: createChdbConnection({ path: dir }) } as never);
  await client.command({
    query: `CREATE TABLE events (${COLUMNS}) ENGINE = MergeTree ORDER BY (key_id, ts)`,
  });
  const keys = new Map<string, { calls: number; cost: number; ips: Set<string> }>();
  let rows: Record<string, unknown>[] = [];
  const flush = async () => {
    const values = rows;
    rows = [];
    if (values.length > 0) await client.insert({ table: 'events', values, format: 'JSONEachRow' });
  };
  const app = fastify({ bodyLimit: 32 * 1024 * 1024 });
  app.post('/v1/logs/litellm', async (request) => {
    const records = request.body as PlainRecord[];
    for (const record of records) {
      const keyId = record.metadata['user_api_key_hash'] ?? '';
      const key = keys.get(keyId) ?? { calls: 0, cost: 0, ips: new Set<string>() };
      key.calls += 1;
      key.cost += record.response_cost;
      key.ips.add(record.requester_ip_address);
      keys.set(keyId, key);
      rows.push(toRow(record, keyId));
    }
    if (rows.length >= 10_000) await flush();
    return { accepted: records.length };
  });
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    settle: flush,
    async close() {
      await flush();
      await app.close();
      await client.close();
    },
  };
}

function toRow(record: PlainRecord, keyId: string): Record<string, unknown> {
  return {
    ts: Math.round(record.endTime * 1000),
    event_id: record.litellm_call_id,
    key_id: keyId,
    key_alias: record.metadata['user_api_key_alias'] ?? '',
    team: record.metadata['user_api_key_team_id'] ?? '',
    team_alias: record.metadata['user_api_key_team_alias'] ?? '',
    user: record.metadata['user_api_key_user_id'] ?? '',
    ip: record.requester_ip_address,
    user_agent: record.user_agent,
    model: record.model_group,
    provider: record.custom_llm_provider,
    call_type: record.call_type,
    status: record.status,
    prompt_tokens: record.prompt_tokens,
    completion_tokens: record.completion_tokens,
    total_tokens: record.total_tokens,
    cost_usd: record.response_cost,
    duration_ms: Math.round((record.endTime - record.startTime) * 1000),
    trace_id: record.trace_id,
  };
}
