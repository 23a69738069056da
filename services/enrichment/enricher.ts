import type { Context } from '../../detectors/detector.ts';

export interface DataSource {
  name: string;
  /** File or package it came from. */
  origin: string;
  /** Epoch milliseconds at which its maker built it; 0 when unknown. */
  builtAt: number;
}

/** Place and network of an address. Synchronous, because it is asked for every event. Never throws: an address that
 *  is not strictly valid has neither. */
export interface Enricher {
  lookup(ip: string): Context;
  sources(): readonly DataSource[];
  close(): Promise<void>;
}
