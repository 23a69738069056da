import { cpus, totalmem } from 'node:os';
import type { RecordSize } from './bodies.ts';
import { measureLatency } from './latency.ts';
import { measureStartup } from './startup.ts';
import { measureThroughput } from './throughput.ts';
import type { Memory, Throughput } from './throughput.ts';

/** `npm run bench`, `npm run bench -- --quick` (a minute, for CI), `-- --only=throughput,latency,start`. */
const isQuick = process.argv.includes('--quick');
const only = process.argv
  .find((one) => one.startsWith('--only='))
  ?.slice('--only='.length)
  .split(',');
const wants = (part: string) => only?.includes(part) ?? true;
const keys = isQuick ? 1_000 : 10_000;

const print = (text: string) => process.stdout.write(`${text}\n`);
const row = (...cells: (string | number)[]) => {
  print(
    `| ${cells.map((cell) => (typeof cell === 'number' ? cell.toFixed(cell < 10 ? 2 : 0) : cell)).join(' | ')} |`,
  );
};

print(
  `${cpus().length.toString()} × ${cpus()[0]?.model.trim() ?? '?'}, ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.version}`,
);
if (wants('throughput')) {
  print('\n| record | | CPU s/M events | × (a) | × (b) | events/s | peak RSS MB (own) |');
  row('---', '---', '---', '---', '---', '---', '---');
  await throughput('13 kB', isQuick ? 4_000 : 20_000);
  await throughput('3.5 kB', isQuick ? 10_000 : 50_000);
}
if (wants('latency')) await latency();
if (wants('start') && !isQuick) {
  const seconds = await measureStartup(1_000_000, keys);
  print(`\nStart to ready on a folder with 1,000,000 events: ${seconds.toFixed(1)} s`);
}

function memoryText({ peakRssMb, peakOwnMb }: Memory): string {
  return `${peakRssMb.toFixed(0)} (${peakOwnMb.toFixed(0)})`;
}

async function throughput(size: RecordSize, records: number): Promise<void> {
  const found: Throughput = await measureThroughput({ size, records, keys, rounds: isQuick ? 1 : 5 });
  const { parseCpu, gatewatchCpu, plainCpu } = found;
  row(size, '(a) JSON.parse alone', parseCpu, '1', '', '', '');
  row(
    size,
    '(b) plain pipeline',
    plainCpu,
    plainCpu / parseCpu,
    '1',
    found.plainPerSecond,
    memoryText(found.plainMemory),
  );
  row(
    size,
    'gatewatch',
    gatewatchCpu,
    gatewatchCpu / parseCpu,
    gatewatchCpu / plainCpu,
    found.gatewatchPerSecond,
    memoryText(found.gatewatchMemory),
  );
  print(
    `  event loop at full load: longest pause ${found.longestPauseMs.toFixed(0)} ms, p99.9 ${found.pauseP999Ms.toFixed(1)} ms`,
  );
}

async function latency(): Promise<void> {
  const found = await measureLatency({
    eventsPerSecond: isQuick ? 500 : 1_000,
    seconds: isQuick ? 8 : 60,
    keys,
    leaked: isQuick ? 20 : 150,
  });
  print(`\nSteady flow, ${found.blocks.toString()} leaked keys used in it:`);
  print('| | p50 ms | p99 ms |');
  row('---', '---', '---');
  row('arrival → block call', found.p50Ms, found.p99Ms);
  row('arrival → answer', found.answerP50Ms, found.answerP99Ms);
  print(
    `  event loop: longest pause ${found.longestPauseMs.toFixed(0)} ms, p99.9 ${found.pauseP999Ms.toFixed(1)} ms; peak RSS ${memoryText(found.memory)} MB`,
  );
}
