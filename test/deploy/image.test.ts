import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const instructions = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/^\s*#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')
  .map((line) => {
    const [name = '', ...rest] = line.trim().split(/\s+/);
    return { name, text: rest.join(' ') };
  });
const all = (name: string) => instructions.flatMap((one) => (one.name === name ? [one.text] : []));
const last = (name: string) => all(name).at(-1);
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** As docker reads it: the last pattern that fits decides. */
function isSent(path: string): boolean {
  const patterns = readFileSync('.dockerignore', 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  let isIn = true;
  for (const pattern of patterns) {
    const bare = pattern.replace(/^!/, '');
    const body = bare
      .replaceAll('.', String.raw`\.`)
      .replaceAll('**/', '(?:.*/)?')
      .replaceAll(/(?<!\.)\*/g, '[^/]*');
    if (new RegExp(`^${body}(/|$)`).test(path)) isIn = pattern.startsWith('!');
  }
  return isIn;
}

describe('Dockerfile', () => {
  it('starts from versions, all stages from the same', () => {
    const bases = all('FROM').map((text) => text.split(' ')[0]);
    expect(bases.length).toBe(2);
    expect(new Set(bases).size).toBe(1);
    expect(bases[0]).toMatch(/^node:24\.\d+\.\d+-\w+-slim$/);
  });

  it('runs as a number that is not root, which a platform can see to be so', () => {
    expect(last('USER')).toMatch(/^[1-9]\d*:0$/);
  });

  it('installs what the lock file says, without scripts, and ships nothing that only building needs', () => {
    const installs = all('RUN').filter((text) => text.includes('npm ci'));
    expect(installs.every((text) => text.includes('--ignore-scripts'))).toBe(true);
    expect(installs.at(-1)).toContain('--omit=dev');
    const shipped = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));
    expect(shipped.filter(({ text }) => text.includes('npm ci'))).toEqual([]);
  });

  it('asks itself whether it is alive with nothing but node', () => {
    const [, command = '[]'] = /CMD (\[.*\])/.exec(last('HEALTHCHECK') ?? '') ?? [];
    const [program, , script = ''] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    expect(script).toContain('/healthz');
    // Nobody listens there now, so it says so.
    const unheard = script.replace('8787', '9');
    expect(() => execFileSync(process.execPath, ['-e', unheard], { stdio: 'pipe' })).toThrow();
  });

  it('ends by SIGTERM, keeps data where a volume is, and says its version', () => {
    expect(last('STOPSIGNAL')).toBe('SIGTERM');
    expect(last('VOLUME')).toBe('["/data"]');
    expect(all('ENV').join(' ')).toContain('GATEWATCH_DATA_DIR=/data');
    expect(all('ARG')).toContain(`VERSION=${manifest.version}`);
    expect(readFileSync('docker-compose.yml', 'utf8')).toContain(`image: gatewatch:${manifest.version}`);
  });

  it('copies only what is there and is sent to the builder', () => {
    const sources = all('COPY')
      .filter((text) => !text.startsWith('--from'))
      .flatMap((text) => text.split(' ').slice(0, -1));
    expect(sources.length).toBeGreaterThan(5);
    for (const source of sources) {
      const path = source.replace(/^\.\//, '');
      expect(existsSync(path), path).toBe(true);
      expect(isSent(path), path).toBe(true);
    }
  });
});

describe('.dockerignore', () => {
  it.each([
    'deploy/compose/secrets/admin_token',
    '.env',
    'data/audit.ndjson',
    'node_modules/fastify/package.json',
    '.git/config',
    'dashboards/web/.env',
    'docs/deploy.md',
  ])('keeps %s out', (path) => {
    expect(isSent(path)).toBe(false);
  });

  it('lets the code in', () => {
    expect(
      ['services/main.ts', 'dashboards/web/src/main.tsx', 'bin/gatewatch.js'].filter(isSent),
    ).toHaveLength(3);
  });
});
