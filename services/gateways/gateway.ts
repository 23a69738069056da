import type { Event } from '../../detectors/event.ts';
import type { JsonBytes } from '../json-scan.ts';

/** A record that could not become an event: a stable code, and a reason that never quotes the body. */
export interface Unreadable {
  code: string;
  reason: string;
}

export interface ParseSettings {
  gateway: string;
  now: number;
  isImport: boolean;
}

export interface Reading {
  /** Position after the record, or -1 when its end was not found. */
  after: number;
  result: Event | Unreadable;
}

/** A log format. `read` gets the bytes of a body and where in it a record, one JSON object, begins. It makes an event
 *  of it by an allow-list of fields, or says why not. It looks at nothing from `limit` on, must not throw, keep a
 *  reference to the bytes, or let prompts, responses, headers or credentials through. */
export interface GatewayFormat {
  name: string;
  read(json: JsonBytes, start: number, limit: number, settings: ParseSettings): Reading;
}
