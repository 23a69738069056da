/** What happened, for people who must be able to prove it later. */
export interface AuditEntry {
  ts: number;
  actor: string;
  action: string;
  target: string;
  incidentId: string;
  detail: Readonly<Record<string, unknown>>;
}

export interface AuditRecord extends AuditEntry {
  seq: number;
  prevHash: string;
  hash: string;
}

/** A hash-chained log. `append` resolves when the record is on disk (fsync); it rejects with
 *  `E_AUDIT_UNAVAILABLE`, and then nothing may be done that needed it. */
export interface AuditLog {
  append(entry: AuditEntry): Promise<AuditRecord>;
  /** `sequence:hash` of the newest record. */
  anchor(): string;
  close(): Promise<void>;
}
