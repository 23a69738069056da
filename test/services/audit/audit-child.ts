import { openAudit } from '../../../services/audit/audit-file.ts';
import { AppError, messageOf } from '../../../services/errors.ts';
import { createLog } from '../../../services/log.ts';
import { createMetrics } from '../../../services/metrics.ts';

/** Appends until it is killed, several at a time; says the number of each record that was acknowledged. After a refusal
 *  it says the code and goes on when it gets a line. */
const [dir = ''] = process.argv.slice(2);
// What a full disk does to a write, the limit of the file size does by a signal first.
process.on('SIGXFSZ', () => undefined);
const audit = await openAudit({ dir, log: createLog('silent'), metrics: createMetrics(), now: Date.now });

async function appendOn(lane: number): Promise<void> {
  for (let round = 1; ; round += 1) {
    try {
      const entry = {
        ts: Date.now(),
        actor: 'policy',
        action: 'block',
        target: `key-${lane.toString()}`,
        incidentId: 'inc_1',
      };
      const { seq } = await audit.append({ ...entry, detail: { round, text: 'x'.repeat(400) } });
      process.stdout.write(`${seq.toString()}\n`);
    } catch (error) {
      process.stdout.write(`${error instanceof AppError ? error.code : messageOf(error)}\n`);
      await new Promise((resolve) => process.stdin.once('data', resolve));
    }
  }
}

await Promise.all([1, 2, 3].map(appendOn));
