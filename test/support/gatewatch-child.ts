import { main } from '../../services/cli/main.ts';

/** The command line run from source, as a process of its own that tests may kill. */
process.exitCode = await main(process.argv.slice(2));
