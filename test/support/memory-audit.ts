import { createHash } from 'node:crypto';
import type { AuditEntry, AuditLog, AuditRecord } from '../../services/audit/audit-log.ts';
import { AppError } from '../../services/errors.ts';

/** An audit chain in memory. Survives `close`, like a file. */
export class MemoryAudit implements AuditLog {
  readonly records: AuditRecord[] = [];
  isFull = false;
  /** As long as brokers change who leads. */
  isAway = false;

  takeOver(): Promise<void> {
    return Promise.resolve();
  }

  async append(entry: AuditEntry): Promise<AuditRecord> {
    if (this.isFull) throw new AppError('E_AUDIT_UNAVAILABLE', 'No room for the audit record.');
    if (this.isAway) throw new AppError('E_AUDIT_UNAVAILABLE', 'No answer.', { mayPass: true });
    const prevHash = this.records.at(-1)?.hash ?? '0'.repeat(64);
    const seq = this.records.length + 1;
    const hash = createHash('sha256')
      .update(prevHash)
      .update(JSON.stringify([seq, entry]))
      .digest('hex');
    const record = { ...entry, seq, prevHash, hash };
    this.records.push(record);
    return record;
  }

  async since(sequence: number): Promise<readonly AuditRecord[]> {
    return this.records.slice(sequence);
  }

  anchor(): string {
    return `${this.records.length}:${this.records.at(-1)?.hash ?? '0'.repeat(64)}`;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  actions(): string[] {
    return this.records.map(({ action }) => action);
  }
}
