import { AppError } from '../../services/errors.ts';
import { lockDataFolder } from '../../services/data-folder.ts';

/** Another process that wants the folder: says whether it got it, and keeps it until it is killed or gets a line. */
try {
  const release = await lockDataFolder(process.argv[2] ?? '');
  process.stdout.write('locked\n');
  process.stdin.once('data', () => {
    void release().then(() => process.exit());
  });
} catch (error) {
  process.stdout.write(`refused ${error instanceof AppError ? error.code : 'unexpected'}\n`);
}
