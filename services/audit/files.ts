import { join } from 'node:path';

export interface AuditFiles {
  records: string;
  checkpoints: string;
  privateKey: string;
  publicKey: string;
}

export function auditFiles(dataDir: string): AuditFiles {
  return {
    records: join(dataDir, 'audit.ndjson'),
    checkpoints: join(dataDir, 'audit-checkpoints.ndjson'),
    privateKey: join(dataDir, 'keys', 'audit-signing.pem'),
    publicKey: join(dataDir, 'keys', 'audit-signing.pub'),
  };
}
