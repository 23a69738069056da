import type { Command } from 'commander';
import { printable } from './print.ts';
import { AppError } from '../errors.ts';
import { createLog } from '../log.ts';
import { newCore, openEnricher, openFormats } from '../main.ts';
import { Explain } from '../replay/explain.ts';
import { readBytes, readRecords, unpack } from '../replay/read-records.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';
import { formatOption } from './replay.ts';

interface ExplainOptions extends ConfigOption {
  format: string;
  key?: string;
}

export function registerExplain(program: Command): void {
  const command = program
    .command('explain')
    .description('say what each step makes of each record: parsed or dropped, looked up, judged in bits')
    .argument('<file>', 'one record a line, or a JSON array; gzip is recognised; - is standard input')
    .addOption(formatOption())
    .option('--key <key>', 'show the calls of one key only, by id or alias; the others still teach')
    .action(run);
  withConfig(command);
}

async function run(file: string, options: ExplainOptions): Promise<void> {
  const config = readConfig(options);
  const format = openFormats(config).get(options.format);
  if (format === undefined) throw new AppError('E_UNKNOWN_FORMAT', `There is no format "${options.format}".`);
  const enricher = await openEnricher({ config, log: createLog('warn') });
  try {
    const core = newCore(config);
    const print = (text: string) => process.stdout.write(`${text.split('\n').map(printable).join('\n')}\n`);
    const explain = new Explain({ format, gateway: options.format, core, enricher, key: options.key, print });
    for await (const piece of readRecords(unpack(readBytes(file, () => undefined)))) explain.take(piece);
    process.stderr.write(`${explain.finish()}\n`);
  } finally {
    await enricher.close();
  }
}
