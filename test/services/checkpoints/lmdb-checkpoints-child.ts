import { messageOf } from '../../../services/errors.ts';
import { openLmdbCheckpoints } from '../../../services/checkpoints/lmdb-checkpoints.ts';

/** Saves again and again until it is killed, or until the disk is full; says the round of each save that is through.
 *  Each save is larger than the one before by `growth` entries. */
const [dir = '', growth = '0'] = process.argv.slice(2);
// What a full disk does to a write, the limit of the file size does by a signal first.
process.on('SIGXFSZ', () => undefined);
const store = await openLmdbCheckpoints({ dir });
const { checkpoint } = await store.open('events/0');
for (let round = 1; ; round++) {
  const text = `${round.toString()} `.padEnd(3000, '.');
  const count = 300 + (round - 1) * Number(growth);
  const changed = new Map(Array.from({ length: count }, (_, index) => [`key-${index.toString()}`, text]));
  try {
    await checkpoint.save({ offsets: { 'events/0': round }, changed });
    process.stdout.write(`${round.toString()}\n`);
  } catch (error) {
    process.stdout.write(`${messageOf(error)}\n`);
    break;
  }
}
await store.close();
