import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { STEPS } from '../../services/config-schema.ts';
import { loadConfig } from '../../services/config.ts';
import { roleOf } from '../../services/roles.ts';
import { SETTINGS } from '../../services/settings.ts';
import { interpolated, readCompose } from '../support/compose.ts';
import type { Service } from '../support/compose.ts';

const compose = readCompose();
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image.startsWith('gatewatch:'));
const roles = ours.filter(([, { command }]) => command?.[0] === 'start');

const stepOf = ({ command = [] }: Service) => STEPS.find((step) => step === command[2]);
const namesOf = (found: typeof services) => found.map(([name]) => name);

let dir: string;
const makeSecrets = () =>
  execFileSync('bash', ['deploy/compose/make-secrets.sh'], {
    env: { ...process.env, SECRETS_DIR: join(dir, 'secrets'), ENV_FILE: join(dir, '.env') },
    encoding: 'utf8',
  });
const secret = (name: string) => readFileSync(join(dir, 'secrets', name), 'utf8').trim();

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'gatewatch-compose-'));
  makeSecrets();
});
afterAll(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** What a process of ours finds in its container. */
function environmentOf({ environment }: Service, shell: Record<string, string> = {}) {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      interpolated(value, shell).replace('/run/secrets/', `${join(dir, 'secrets')}/`),
    ]),
  );
}

describe('docker-compose.yml', () => {
  it('runs each step, detect and respond twice', () => {
    const steps = roles.map(([, service]) => stepOf(service));
    expect(steps.toSorted()).toEqual(['api', 'detect', 'detect', 'ingest', 'respond', 'respond']);
  });

  it.each(services)('%s: its image has a version, its memory a limit', (_, { image, mem_limit: limit }) => {
    expect(image).toMatch(/:v?\d+(\.\d+){1,3}(-\w+)?$/);
    expect(limit).toMatch(/^\d+[mg]$/);
  });

  it.each(services)('%s: has no capabilities and gains none', (name, service) => {
    expect(service.cap_drop).toEqual(['ALL']);
    expect(service.security_opt).toContain('no-new-privileges:true');
    // Kafka writes its settings into its own folder, LiteLLM its engines: neither is ours to change.
    expect(service.read_only).toBe(!['kafka', 'litellm'].includes(name));
  });

  it.each(ours)('%s: runs as somebody who is not root', (_, { user = '' }) => {
    expect(() => interpolated(user, {})).toThrow('make-secrets.sh');
    expect(interpolated(user, { GATEWATCH_UID: '1000' })).toBe('1000:0');
  });

  it('gives the key of the gateway to respond alone', () => {
    const holders = services.filter(
      ([, { secrets, environment }]) =>
        secrets.includes('litellm_key') ||
        Object.keys(environment).some((name) => name.startsWith('GATEWATCH_LITELLM_KEY')),
    );
    // litellm-key makes it, once, at the LiteLLM that comes along.
    expect(namesOf(holders).toSorted()).toEqual(['litellm-key', 'respond-1', 'respond-2']);
  });

  it('lets only respond and LiteLLM into the network of the gateway', () => {
    const members = services.filter(([, { networks }]) => networks.includes('gateway'));
    expect(namesOf(members).toSorted()).toEqual(['litellm', 'litellm-key', 'respond-1', 'respond-2']);
  });

  it('publishes no port of what holds data or acts, and none to the whole network', () => {
    const published = services.filter(([, { ports }]) => ports.length > 0);
    expect(namesOf(published).toSorted()).toEqual(['api', 'grafana', 'ingest', 'litellm']);
    const ports = published.flatMap(([, service]) => service.ports);
    expect(ports.every((port) => interpolated(port, {}).startsWith('127.0.0.1:'))).toBe(true);
    for (const name of ['kafka', 'clickhouse', 'prometheus', 'litellm-db'])
      for (const network of compose.services[name]?.networks ?? [])
        expect(compose.networks[network]?.internal, `${name} in ${network}`).toBe(true);
  });

  it('gives each respond an audit file of its own', () => {
    const volumes = roles
      .filter(([, service]) => stepOf(service) === 'respond')
      .map(([, service]) => service.volumes.join());
    expect(volumes.every((one) => one.endsWith(':/data'))).toBe(true);
    expect(new Set(volumes).size).toBe(2);
  });

  it('every process has what it waits for, and waits until that is ready', () => {
    for (const [name, { depends_on: needs }] of services) {
      for (const [other, { condition }] of Object.entries(needs)) {
        const needed = compose.services[other];
        expect(needed, `${name} needs ${other}`).toBeDefined();
        const isOneShot = needed?.restart === 'no';
        expect(condition).toBe(isOneShot ? 'service_completed_successfully' : 'service_healthy');
        // Ours have the check of their image.
        if (!isOneShot && needed?.build === undefined) expect(needed?.healthcheck?.test).toBeDefined();
      }
    }
    for (const [, { depends_on: needs }] of roles)
      expect(Object.keys(needs).toSorted()).toEqual(['kafka', 'migrate']);
  });

  it('uses only networks, volumes, secrets and files that are there', () => {
    for (const [name, { networks, volumes, secrets }] of services) {
      for (const network of networks) expect(compose.networks, name).toHaveProperty([network]);
      for (const one of secrets) expect(compose.secrets, name).toHaveProperty([one]);
      for (const volume of volumes) {
        const [source = ''] = volume.split(':');
        if (source.startsWith('./')) expect(existsSync(source), source).toBe(true);
        else expect(compose.volumes, name).toHaveProperty([source]);
      }
    }
  });

  it('names only settings that exist', () => {
    const known = SETTINGS.flatMap(({ env, secret: isSecret }) =>
      env === undefined ? [] : isSecret === true ? [env, `${env}_FILE`] : [env],
    );
    const named = ours.flatMap(([, { environment }]) => Object.keys(environment));
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  it('mounts every secret that a setting is read from, and no other', () => {
    for (const [name, { environment, secrets }] of [...roles, ...ours.filter(([one]) => one === 'migrate')]) {
      const read = Object.values(environment).flatMap((value) =>
        value.startsWith('/run/secrets/') ? [value.replace('/run/secrets/', '')] : [],
      );
      expect(secrets.toSorted(), name).toEqual(read.toSorted());
    }
  });

  it.each(roles)('%s: its settings are right, and its step can start with them', (_, service) => {
    const config = loadConfig(environmentOf(service));
    const step = stepOf(service);
    const { notes, isAlone } = roleOf(config, step === undefined ? undefined : [step]);
    expect(notes).toEqual([]);
    expect(isAlone).toBe(false);
    expect(config.mode).toBe('certain');
    expect(config.metricsToken?.reveal()).toBe(secret('metrics_token'));
    expect(config.clickhouse?.url.reveal()).toContain(`gatewatch_${step}_user:`);
  });

  it('passes on mail, webhook and mode from the shell', () => {
    const respond = compose.services['respond-1'];
    if (respond === undefined) throw new Error('respond-1 is gone');
    const shell = {
      GATEWATCH_MODE: 'observe',
      GATEWATCH_SMTP_URL: 'smtp://mail.example.com:587',
      GATEWATCH_MAIL_TO: 'oncall@example.com',
    };
    const config = loadConfig(environmentOf(respond, shell));
    expect(config.mode).toBe('observe');
    expect(config.notify.mail?.to).toEqual(['oncall@example.com']);
  });
});

describe('make-secrets.sh', () => {
  it('makes every secret of docker-compose.yml, for its owner alone', () => {
    const files = readdirSync(join(dir, 'secrets'));
    const declared = Object.values(compose.secrets).map(({ file }) => file.split('/').at(-1));
    expect(declared.toSorted()).toEqual(files.toSorted());
    expect(Object.keys(compose.secrets).toSorted()).toEqual(files.toSorted());
    for (const file of files) expect(statSync(join(dir, 'secrets', file)).mode & 0o777, file).toBe(0o600);
    expect(statSync(join(dir, 'secrets')).mode & 0o777).toBe(0o700);
  });

  it('makes each of them random', () => {
    const values = readdirSync(join(dir, 'secrets')).map(secret);
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value).toMatch(/[0-9a-f]{64}/);
  });

  it('changes nothing when it runs again', () => {
    const before = readdirSync(join(dir, 'secrets')).map((name) => [name, secret(name)]);
    makeSecrets();
    expect(readdirSync(join(dir, 'secrets')).map((name) => [name, secret(name)])).toEqual(before);
    const env = readFileSync(join(dir, '.env'), 'utf8');
    expect(env.match(/^GATEWATCH_UID=[1-9]\d*$/gm)).toHaveLength(1);
  });
});

describe('what comes with it', () => {
  it.each(['deploy/compose/make-secrets.sh', 'deploy/compose/clickhouse/users.sh', 'deploy/check/run.sh'])(
    '%s is a script that bash understands, and may be run',
    (path) => {
      execFileSync('bash', ['-n', path]);
      expect(statSync(path).mode & 0o111).not.toBe(0);
    },
  );

  it('gives every user of ClickHouse a password from the secrets', () => {
    const script = readFileSync('deploy/compose/clickhouse/users.sh', 'utf8');
    const users = readFileSync('deploy/clickhouse/users.sql', 'utf8');
    const given = (/^for role in (.*); do$/m.exec(script)?.[1] ?? '').split(' ');
    const made = [...`${users}${script}`.matchAll(/CREATE USER IF NOT EXISTS gatewatch_(\w+)_user/g)];
    expect(given.toSorted()).toEqual(made.map(([, role]) => role).toSorted());
    expect(compose.services['clickhouse']?.secrets.toSorted()).toEqual(
      given.map((role) => `clickhouse_${role}_password`).toSorted(),
    );
  });

  it('Prometheus asks every process for its metrics, with the token made for that', () => {
    const { scrape_configs: jobs } = parse(readFileSync('deploy/prometheus/prometheus.yml', 'utf8')) as {
      scrape_configs: {
        authorization: { credentials_file: string };
        static_configs: { targets: string[]; labels: { role: string } }[];
      }[];
    };
    const asked = jobs.flatMap(({ static_configs: groups }) =>
      groups.flatMap(({ targets, labels }) => targets.map((target) => [target, labels.role])),
    );
    expect(asked.toSorted()).toEqual(
      roles.map(([name, service]) => [`${name}:8787`, stepOf(service)]).toSorted(),
    );
    expect(jobs[0]?.authorization.credentials_file).toBe('/run/secrets/metrics_token');
  });

  it('has LiteLLM log the way the README asks for', () => {
    const readme = readFileSync('README.md', 'utf8');
    const [, asked = ''] = /```yaml\n(litellm_settings:[\s\S]*?)```/.exec(readme) ?? [];
    const wanted = parse(asked.replace('http://127.0.0.1:8787', 'http://ingest:8787')) as object;
    expect(parse(readFileSync('deploy/compose/litellm-config.yaml', 'utf8'))).toMatchObject(wanted);
  });
});
