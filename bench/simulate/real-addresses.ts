import { join } from 'node:path';
import { compileIpData, openCompiled } from '../../services/enrichment/compile.ts';
import type { Enricher } from '../../services/enrichment/enricher.ts';
import { createEnricher } from '../../services/enrichment/ip-enricher.ts';
import { textAt } from '../../services/enrichment/table-file.ts';
import { createLog } from '../../services/log.ts';
import { createMetrics } from '../../services/metrics.ts';
import { AddressBook } from './address-book.ts';
import type { AddressRange } from './address-book.ts';

const ADDRESSES = 2 ** 32;

/** The IP data that gatewatch brings along, as the enricher reads it and as a book to pick addresses from. */
export async function openAddresses(dataDir: string): Promise<{ book: AddressBook; enricher: Enricher }> {
  const dir = join(dataDir, 'ip-data');
  const { networks } = openCompiled('dist/ip-data') ?? openCompiled(dir) ?? compileIpData(dir);
  const { starts, values } = networks.v4;
  const asns = Array.from(networks.entries.ends, (_, at) => parseInt(textAt(networks.entries, at), 10));
  function* ranges(): Generator<AddressRange> {
    for (let at = 0; at < starts.length; at += 1) {
      const value = values[at] ?? 0;
      const start = starts[at] ?? 0;
      const asn = asns[value - 1];
      if (value !== 0 && asn !== undefined) yield { asn, start, size: (starts[at + 1] ?? ADDRESSES) - start };
    }
  }
  const enricher = await createEnricher({
    ...{ dataDir, log: createLog('warn'), metrics: createMetrics(), now: Date.now },
  });
  return { book: new AddressBook(ranges(), (ip) => enricher.lookup(ip)), enricher };
}
