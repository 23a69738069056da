import type { Store } from '../stores/store.ts';
import { encodeRow } from '../stores/tables.ts';
import type { Rejected } from '../topics.ts';
import type { Batch, Subscription, Transport } from '../transports/transport.ts';

/** Copies `rejected` into its table. A batch that could not be written comes again from the transport. */
export function copyRejected({
  transport,
  store,
}: {
  transport: Transport;
  store: Store;
}): Promise<Subscription> {
  return transport.subscribe(['rejected'], 'rejected-table', {
    async handle(batch: Batch) {
      const first = batch.records[0]?.offset ?? 0;
      const rows = batch.records.map(({ value }) => rejectedRow(JSON.parse(value) as Rejected));
      const token = `rejected/${batch.partition.toString()}/${first.toString()}-${rows.length.toString()}`;
      await store.insert('rejected', rows, token);
    },
  });
}

function rejectedRow(one: Rejected): string {
  return encodeRow('rejected', {
    ts: one.at,
    gateway: one.gateway,
    format: one.format,
    code: one.code,
    reason: one.reason,
    size_bytes: one.sizeBytes,
    sha256: one.sha256,
  });
}
