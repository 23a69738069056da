import { once } from 'node:events';
import { createWriteStream, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { SingleBar } from 'cli-progress';
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';
import { MODES } from '../config-schema.ts';
import type { Config } from '../config.ts';
import { AppError, messageOf } from '../errors.ts';
import { createLog } from '../log.ts';
import { deskSettings, newCore, openEnricher, openFormats } from '../main.ts';
import { readBytes, readRecords, unpack } from '../replay/read-records.ts';
import { Replay } from '../replay/replay.ts';
import { summary } from '../replay/summary.ts';
import type { Tally } from '../replay/tally.ts';
import { createDesk } from '../respond/desk/desk.ts';
import { readConfig, withConfig } from './options.ts';
import type { ConfigOption } from './options.ts';

type Mode = (typeof MODES)[number];

interface ReplayOptions extends ConfigOption {
  format: string;
  out?: string;
  since?: number;
  mode?: Mode;
}

const ABOUT = `Nothing is sent to a gateway or to people, and nothing is stored. What would have been done by itself is shown for
one mode: that of --mode, else the one your settings name, else "enforce". Calls are expected in the order in which
they ended.`;

export function registerReplay(program: Command): void {
  const command = program
    .command('replay')
    .description('run recorded logs through the same code in their own time, with actions simulated')
    .argument('<file...>', 'one record a line, or a JSON array; gzip is recognised; - is standard input')
    .addOption(formatOption())
    .option('--out <file>', 'write one JSON line per notification; - is standard output')
    .option('--since <time>', 'calls before it only teach; ISO date and time, or epoch seconds', parseTime)
    .addOption(new Option('--mode <mode>', 'mode to simulate').choices([...MODES]))
    .addHelpText('after', `\n${ABOUT}`)
    .action(run);
  withConfig(command);
}

export function formatOption(): Option {
  return new Option('--format <format>', 'log format').choices(['litellm']).default('litellm');
}

async function run(files: string[], options: ReplayOptions): Promise<void> {
  const config = readConfig(options);
  const mode = options.mode ?? (config.modeIsSet ? config.mode : 'enforce');
  const sizeBytes = totalSize(files);
  const out = options.out === undefined ? undefined : await openOut(options.out);
  await using replay = await openReplay({ config, options, mode, write: (line) => out?.write(`${line}\n`) });
  const progress = startProgress(sizeBytes);
  try {
    for (const file of files) await replayFile(file, replay.replay, progress.read);
  } finally {
    progress.stop();
  }
  replay.replay.finish();
  await closeOut(out);
  const { tally } = replay.replay;
  if (tally.events === 0) throw nothingReadable(files, tally, options.format);
  const report = options.out === '-' ? process.stderr : process.stdout;
  report.write(`${summary(tally, mode)}\n`);
}

function nothingReadable(files: readonly string[], { rejections }: Tally, format: string): AppError {
  const codes = [...rejections.keys()].join(', ');
  const what =
    codes === ''
      ? `There is no record in ${files.join(', ')}. Name a file that holds recorded calls.`
      : `No record could be read (${codes}). Is it ${format}?`;
  return new AppError('E_NOTHING_READABLE', what);
}

interface Opening {
  config: Config;
  options: ReplayOptions;
  mode: Mode;
  write: (line: string) => void;
}

async function openReplay({ config, options, mode, write }: Opening) {
  const format = openFormats(config).get(options.format);
  if (format === undefined) throw new AppError('E_UNKNOWN_FORMAT', `There is no format "${options.format}".`);
  const enricher = await openEnricher({ config, log: createLog('warn') });
  const replay = new Replay({
    format,
    gateway: options.format,
    core: newCore(config),
    enricher,
    desk: createDesk({ ...deskSettings(config, ''), mode, simulate: true }),
    since: options.since ?? 0,
    onNotification: (line) => {
      write(JSON.stringify(line));
    },
  });
  return { replay, [Symbol.asyncDispose]: () => enricher.close() };
}

async function replayFile(file: string, replay: Replay, onRead: (sizeBytes: number) => void): Promise<void> {
  try {
    for await (const piece of readRecords(unpack(readBytes(file, onRead)))) replay.take(piece);
  } catch (cause) {
    if (!(cause instanceof AppError) || file === '-') throw cause;
    throw new AppError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

/** Undefined where standard input is read: nobody knows how much is to come. */
function totalSize(files: readonly string[]): number | undefined {
  const sizes = files.filter((file) => file !== '-').map(sizeOf);
  return sizes.length < files.length ? undefined : sizes.reduce((sum, size) => sum + size, 0);
}

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch (cause) {
    throw new AppError('E_BAD_REQUEST', `Cannot read ${file}: ${messageOf(cause)}.`, { cause });
  }
}

function startProgress(sizeBytes: number | undefined) {
  if (sizeBytes === undefined || !process.stderr.isTTY)
    return { read: () => undefined, stop: () => undefined };
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {percentage} % | {duration_formatted} | {eta_formatted} left',
    clearOnComplete: true,
  });
  bar.start(sizeBytes, 0);
  return {
    read: (size: number) => {
      bar.increment(size);
    },
    stop: () => {
      bar.stop();
    },
  };
}

async function openOut(file: string): Promise<Writable> {
  if (file === '-') return process.stdout;
  const out = createWriteStream(file);
  try {
    await once(out, 'open');
    return out;
  } catch (cause) {
    throw new AppError('E_BAD_REQUEST', `Cannot write ${file}: ${messageOf(cause)}.`, { cause });
  }
}

async function closeOut(out: Writable | undefined): Promise<void> {
  if (out === undefined || out === process.stdout) return;
  out.end();
  await once(out, 'finish');
}

/** ISO 8601, in UTC unless it says otherwise, or epoch seconds. Gives epoch milliseconds. */
export function parseTime(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text) && text.length > 4) return Math.round(Number(text) * 1000);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text) || !text.includes(':');
  const at = Date.parse(hasZone ? text : `${text}Z`);
  if (Number.isNaN(at)) {
    throw new InvalidArgumentError('Write it as 2026-09-07, 2026-09-07T12:00:00Z or epoch seconds.');
  }
  return at;
}
