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
 *  `E_AUDIT_UNAVAILABLE`, and then nothing may be done that needed it. Records are chained in the order of the calls. */
export interface AuditLog {
  /** To be called before the first `append`, by the process that writes from now on. `isSure` is asked before each record:
   *  while it is false, `append` rejects. */
  takeOver(isSure: () => boolean): Promise<void>;
  append(entry: AuditEntry): Promise<AuditRecord>;
  /** All records after a sequence number, in order; what a crash left unanswered may be among them. */
  since(sequence: number): Promise<readonly AuditRecord[]>;
  /** `sequence:hash` of the newest record. */
  anchor(): string;
  close(): Promise<void>;
}
