import { main } from '../services/cli/main.ts';

/** The command line run from source: `npx tsx scripts/gatewatch.ts sql "SELECT …"`. */
process.exitCode = await main(process.argv.slice(2));
