import type { Event } from '../../detectors/event.ts';

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

/** A log format. `parse` gets the bytes of one record (one JSON object, found by the splitter) and makes an event
 *  of it by an allow-list of fields, or says why not. It must not throw, keep a reference to the bytes, or let
 *  prompts, responses, headers or credentials through. */
export interface GatewayFormat {
  name: string;
  parse(body: Buffer, start: number, end: number, settings: ParseSettings): Event | Unreadable;
}
