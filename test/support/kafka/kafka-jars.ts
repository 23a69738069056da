import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POM = fileURLToPath(new URL('./pom.xml', import.meta.url));
const VERSION = '4.3.1';
const LEAST_JAVA = 17;
const CACHE = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'gatewatch-kafka');

/** Whether a broker can be started from jars: Java 17 and Maven are there. */
export async function canRunJars(): Promise<boolean> {
  try {
    const { stderr } = await run('java', ['-version']);
    await run('mvn', ['--version']);
    return Number(/version "(\d+)/.exec(stderr)?.[1] ?? 0) >= LEAST_JAVA;
  } catch {
    return false;
  }
}

/** The class path of an Apache Kafka server; its jars are fetched by Maven once for each machine. */
export async function kafkaClassPath(): Promise<string> {
  const dir = join(CACHE, VERSION);
  if (!existsSync(dir)) await fetchJars(dir);
  return join(dir, '*');
}

/** The folder appears whole or not at all; of two that fetch at once, one wins. */
async function fetchJars(dir: string): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const next = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    await run(
      'mvn',
      [
        ...['-q', '-B', '-f', POM, `-Dkafka.version=${VERSION}`, 'dependency:copy-dependencies'],
        ...['-DincludeScope=runtime', `-DoutputDirectory=${next}`],
      ],
      { timeout: 240_000 },
    );
    await rename(next, dir);
  } catch (error) {
    if (!existsSync(dir)) throw error;
  } finally {
    await rm(next, { recursive: true, force: true });
  }
}
