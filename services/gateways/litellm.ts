import { createHmac } from 'node:crypto';
import type { Event, KeyId } from '../../detectors/event.ts';
import type { Secret } from '../secret.ts';
import { clean } from './clean-text.ts';
import type { AddressResolver } from './client-address.ts';
import type { GatewayFormat, ParseSettings, Unreadable } from './gateway.ts';
import { MalformedJson } from './json-pick.ts';
import { FieldReader } from './litellm-fields.ts';
import { credentialClass, failureOutcome, isRefusedCredential } from './litellm-outcome.ts';
import type { FailureFacts } from './litellm-outcome.ts';
import { createClientReader } from './user-agent.ts';

const MASTER_KEY = 'litellm_proxy_master_key';
const KEY_HASH = /^[0-9a-f]{64}$/;
/** More is a mistake of the sender; the dearest real calls cost tens of dollars. */
const MAX_COST_USD = 1_000;
/** How far an event's time may lie from ours. A gateway that was cut off may hand over what it kept; what is older than
 *  the store keeps by default comes from a wrong clock. */
const OLDEST_MS = 90 * 24 * 3_600_000;
const NEWEST_MS = 5 * 60_000;
const MAX_DURATION_MS = 24 * 3_600_000;
/** Seconds from 1970 to the year 3000. */
const MAX_TIME_S = 32_503_680_000;
const KNOWN_HASHES = 20_000;

export interface LitellmOptions {
  /** Keys the hashes of foreign credentials and end users, so that they mean nothing outside this installation. */
  pepper: Secret;
  resolveAddress: AddressResolver;
}

/** Records of LiteLLM's `generic_api` callback (StandardLoggingPayload). */
export function litellmFormat({ pepper, resolveAddress }: LitellmOptions): GatewayFormat {
  const fields = new FieldReader();
  const tools = { fields, readClient: createClientReader(), keyed: createKeyedHash(pepper), resolveAddress };
  return {
    name: 'litellm',
    read(json, start, limit, settings) {
      let after = -1;
      try {
        after = fields.walk(json, start, limit);
        return { after, result: readEvent(tools, settings) };
      } catch (error) {
        if (error instanceof MalformedJson)
          return { after, result: { code: 'malformed_json', reason: error.message } };
        throw error;
      } finally {
        fields.release();
      }
    },
  };
}

interface Tools {
  fields: FieldReader;
  readClient: ReturnType<typeof createClientReader>;
  keyed: (text: string) => string;
  resolveAddress: AddressResolver;
}

/** The event of the record that was walked last. */
function readEvent(
  { fields, readClient, keyed, resolveAddress }: Tools,
  settings: ParseSettings,
): Event | Unreadable {
  const eventId = clean(fields.raw('callId')) || clean(fields.raw('id'));
  if (eventId === '') return { code: 'no_id', reason: 'The record has neither litellm_call_id nor id.' };
  const status = fields.text('status');
  if (status !== 'success' && status !== 'failure') {
    return { code: 'no_status', reason: 'The record’s status is neither success nor failure.' };
  }
  const times = readTimes(fields, settings);
  if ('code' in times) return times;
  const failure = status === 'failure' ? readFailure(fields) : undefined;
  const { keyId, foreignClass } = readKey(fields, failure, keyed);
  const { outcome, errorCode } = outcomeOf(fields, failure, foreignClass);
  const address = resolveAddress(fields.raw('ip') || fields.raw('metaIp'));
  const userAgent = fields.text('userAgent') || fields.text('metaUserAgent');
  const client = readClient(userAgent);
  const endUser = fields.raw('endUser') || fields.raw('metaEndUser');
  const promptTokens = fields.count('promptTokens');
  const completionTokens = fields.count('completionTokens');
  return {
    eventId,
    gateway: settings.gateway,
    ts: times.ts,
    durationMs: times.durationMs,
    receivedAt: settings.now,
    keyId: keyId as KeyId,
    keyAlias: clean(fields.raw('keyAlias')),
    team: clean(fields.raw('team')),
    teamAlias: clean(fields.raw('teamAlias')),
    user: clean(fields.raw('user')),
    endUserHash: endUser === '' ? '' : keyed(endUser),
    ip: address.ip,
    ipTrust: address.trust,
    client: client.family,
    clientMajor: client.major,
    userAgent,
    model: fields.text('modelGroup') || fields.text('model').replace(/^[^/]*\//, ''),
    provider: fields.text('provider'),
    callType: fields.text('callType'),
    status,
    outcome,
    errorCode,
    promptTokens,
    completionTokens,
    cachedTokens: fields.count('cachedTokens'),
    totalTokens: fields.count('totalTokens') || promptTokens + completionTokens,
    maxTokens: fields.count('maxTokens') || fields.count('maxCompletionTokens'),
    costUsd: fields.amount('cost', MAX_COST_USD),
    traceId: clean(fields.raw('traceId')),
    isImport: settings.isImport,
  };
}

function readTimes(
  fields: FieldReader,
  { now, isImport }: ParseSettings,
): { ts: number; durationMs: number } | Unreadable {
  const start = fields.number('startTime');
  const seconds = fields.number('endTime') ?? start;
  if (seconds === undefined || seconds <= 0 || seconds > MAX_TIME_S) {
    return { code: 'no_time', reason: 'The record has no usable endTime or startTime.' };
  }
  const ts = Math.round(seconds * 1000);
  if (!isImport && (ts < now - OLDEST_MS || ts > now + NEWEST_MS)) {
    return {
      code: 'clock_out_of_range',
      reason: 'The call ended more than 90 days ago or 5 min ahead of our clock.',
    };
  }
  const durationMs = start === undefined ? 0 : Math.min(Math.max(0, ts - start * 1000), MAX_DURATION_MS);
  return { ts, durationMs: Math.round(durationMs) };
}

function readFailure(fields: FieldReader): FailureFacts {
  const message = fields.raw('errorMessage') || fields.raw('errorText');
  return {
    apiBase: fields.text('apiBase'),
    errorCode: fields.text('errorCode'),
    errorClass: fields.text('errorClass'),
    normalized: fields.text('normalized'),
    message: message.slice(0, 512),
  };
}

function outcomeOf(
  fields: FieldReader,
  failure: FailureFacts | undefined,
  foreignClass: string,
): Pick<Event, 'outcome' | 'errorCode'> {
  if (failure === undefined) {
    const errorCode = fields.text('errorCode');
    return { outcome: errorCode === '499' ? 'client_closed' : 'ok', errorCode };
  }
  if (foreignClass !== '') return { outcome: 'foreign_credential', errorCode: foreignClass };
  const { normalized, errorCode } = failure;
  return {
    outcome: failureOutcome(failure),
    errorCode: normalized !== '' && normalized !== 'UNCLASSIFIED' ? normalized : errorCode,
  };
}

/** The key of a call. What is neither the gateway's identifier nor its word for the master key is a credential in clear
 *  text: only a keyed hash and its class go on. A refused credential may itself look like an identifier. */
function readKey(
  fields: FieldReader,
  failure: FailureFacts | undefined,
  keyed: (text: string) => string,
): { keyId: string; foreignClass: string } {
  const value = fields.raw('keyHash');
  if (value === '' || value === MASTER_KEY) return { keyId: value, foreignClass: '' };
  const isForeign = failure !== undefined && isRefusedCredential(failure);
  const lower = value.length === 64 ? value.toLowerCase() : '';
  if (!isForeign && KEY_HASH.test(lower)) return { keyId: lower, foreignClass: '' };
  return { keyId: `foreign:${keyed(value)}`, foreignClass: credentialClass(value) };
}

/** Keyed hashes that were just made are remembered: a foreign credential or an end user seldom comes alone. */
function createKeyedHash(pepper: Secret): (text: string) => string {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    if (known.size >= KNOWN_HASHES) known.clear();
    const hash = createHmac('sha256', pepper.reveal()).update(text).digest('hex').slice(0, 16);
    if (text.length <= 256) known.set(text, hash);
    return hash;
  };
}
