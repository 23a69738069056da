import { JsonBytes } from '../json-scan.ts';
import { JsonPicker } from './json-pick.ts';
import { numberAt, textAt } from './json-values.ts';
import { TextTable } from './text-table.ts';

/** The allow-list: nothing else of a record is decoded. Error messages are matched, never kept. */
const FIELDS = {
  id: 'id',
  callId: 'litellm_call_id',
  traceId: 'trace_id',
  callType: 'call_type',
  status: 'status',
  provider: 'custom_llm_provider',
  cost: 'response_cost',
  totalTokens: 'total_tokens',
  promptTokens: 'prompt_tokens',
  completionTokens: 'completion_tokens',
  startTime: 'startTime',
  endTime: 'endTime',
  model: 'model',
  modelGroup: 'model_group',
  apiBase: 'api_base',
  endUser: 'end_user',
  ip: 'requester_ip_address',
  userAgent: 'user_agent',
  errorText: 'error_str',
  errorCode: 'error_information.error_code',
  errorClass: 'error_information.error_class',
  errorMessage: 'error_information.error_message',
  normalized: 'error_information.normalized_error',
  maxTokens: 'model_parameters.max_tokens',
  maxCompletionTokens: 'model_parameters.max_completion_tokens',
  keyHash: 'metadata.user_api_key_hash',
  keyAlias: 'metadata.user_api_key_alias',
  team: 'metadata.user_api_key_team_id',
  teamAlias: 'metadata.user_api_key_team_alias',
  user: 'metadata.user_api_key_user_id',
  metaEndUser: 'metadata.user_api_key_end_user_id',
  metaIp: 'metadata.requester_ip_address',
  metaUserAgent: 'metadata.user_agent',
  cachedTokens: 'metadata.usage_object.prompt_tokens_details.cached_tokens',
} as const;
type Field = keyof typeof FIELDS;

/** More is a mistake of the sender. */
const MAX_TOKENS = 100_000_000;
const NO_BYTES = new JsonBytes(Buffer.alloc(0));

/** Decodes the wanted fields of the record that was walked last, each when it is asked for. */
export class FieldReader {
  readonly #picker = new JsonPicker<Field>(FIELDS);
  readonly #texts = new TextTable();
  #json = NO_BYTES;

  walk(json: JsonBytes, start: number, limit: number): number {
    this.#json = json;
    return this.#picker.walk(json, start, limit);
  }

  release(): void {
    this.#json = NO_BYTES;
  }

  /** A text as it was sent, '' for anything else. */
  raw(field: Field): string {
    const slot = this.#picker.slots[field];
    return textAt(this.#json, this.#picker.startOf(slot), this.#picker.endOf(slot)) ?? '';
  }

  /** A text of which there are few, cleaned. */
  text(field: Field): string {
    const slot = this.#picker.slots[field];
    return this.#texts.cleanAt(this.#json, this.#picker.startOf(slot), this.#picker.endOf(slot));
  }

  number(field: Field): number | undefined {
    const slot = this.#picker.slots[field];
    return numberAt(this.#json, this.#picker.startOf(slot), this.#picker.endOf(slot));
  }

  amount(field: Field, max: number): number {
    const value = this.number(field) ?? 0;
    return value > 0 ? Math.min(value, max) : 0;
  }

  count(field: Field): number {
    return Math.floor(this.amount(field, MAX_TOKENS));
  }
}
