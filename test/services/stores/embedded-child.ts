import { writeSync } from 'node:fs';
import { openEmbeddedStore } from '../../../services/stores/embedded.ts';
import { quietLog } from '../../support/quiet.ts';
import { eventRows } from '../../support/store-rows.ts';

/** Another process on the folder of a store. `hold`: opens it and stays. `insert`: inserts batches until it is killed, and
 *  says the token of each that was acknowledged. */
const [task, dir = ''] = process.argv.slice(2);
const store = await openEmbeddedStore({ dir, retentionDays: 90, log: quietLog });
writeSync(1, 'open\n');
if (task === 'insert') {
  for (let batch = 0; ; batch += 1) {
    await store.insert('events', eventRows(500, { team: `batch-${batch}` }), `batch-${batch}`);
    writeSync(1, `batch-${batch}\n`);
  }
}
setInterval(() => undefined, 60_000);
