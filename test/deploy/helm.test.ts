import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { STEPS } from '../../services/config-schema.ts';
import { loadConfig } from '../../services/config.ts';
import { roleOf } from '../../services/roles.ts';

// Built by deploy/check/run.sh, which also runs this file.
const HELM = process.env['GATEWATCH_HELM'] ?? join(homedir(), '.cache/gatewatch-check/helm');
const CHART = 'deploy/helm/gatewatch';

const container = z.object({
  name: z.string(),
  image: z.string(),
  args: z.array(z.string()),
  env: z.array(z.object({ name: z.string(), value: z.string() })),
  envFrom: z.array(z.object({ configMapRef: z.object({ name: z.string() }) })).default([]),
  securityContext: z.object({
    readOnlyRootFilesystem: z.boolean(),
    allowPrivilegeEscalation: z.boolean(),
    capabilities: z.object({ drop: z.array(z.string()) }),
  }),
  startupProbe: z.unknown().optional(),
  livenessProbe: z.unknown().optional(),
  readinessProbe: z.unknown().optional(),
  resources: z.object({ limits: z.object({ memory: z.string() }) }),
});
const pod = z.object({
  enableServiceLinks: z.boolean(),
  automountServiceAccountToken: z.boolean(),
  terminationGracePeriodSeconds: z.number(),
  securityContext: z.object({
    runAsNonRoot: z.boolean(),
    runAsUser: z.number(),
    seccompProfile: z.object({ type: z.string() }),
  }),
  containers: z.tuple([container]),
  volumes: z.array(
    z.object({
      name: z.string(),
      projected: z
        .object({
          sources: z.array(
            z.object({ secret: z.object({ items: z.array(z.object({ path: z.string() })) }) }),
          ),
        })
        .optional(),
    }),
  ),
});
type Pod = z.output<typeof pod>;
const rule = z.object({
  ports: z.array(z.object({ port: z.number() })),
  to: z.array(z.unknown()).optional(),
});
const caller = z.object({ from: z.array(z.unknown()).min(1) });
const manifest = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string() }),
  data: z.record(z.string(), z.string()).optional(),
  spec: z.unknown().optional(),
});
type Manifest = z.output<typeof manifest>;

function render(...values: string[]): Manifest[] {
  const text = execFileSync(
    HELM,
    ['template', 'gw', CHART, '--kube-version', '1.34.0', ...values.flatMap((file) => ['--values', file])],
    { encoding: 'utf8' },
  );
  return parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((value) => value !== null)
    .map((value) => manifest.parse(value));
}

const template = z.object({ template: z.object({ spec: pod }) });
const podsOf = (manifests: Manifest[]): Pod[] =>
  manifests
    .filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind))
    .map(({ spec }) => template.parse(spec).template.spec);

/** The paths of secrets that are mounted into it. */
const filesOf = ({ volumes }: Pod) =>
  volumes.flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ secret: { items } }) => items.map(({ path }) => path)),
  );

describe.skipIf(!existsSync(HELM))(
  'the Helm chart (skipped where deploy/check/run.sh has not built Helm)',
  () => {
    const values = existsSync(`${CHART}/ci`) ? readdirSync(`${CHART}/ci`) : [];
    let dir: string;
    beforeAll(() => {
      dir = mkdtempSync(join(tmpdir(), 'gatewatch-helm-'));
    });
    afterAll(() => {
      rmSync(dir, { recursive: true, force: true });
    });

    /** What the process finds, with a good value in every file. */
    function environmentOf({ containers: [{ env, envFrom }] }: Pod, manifests: Manifest[]) {
      const fromFiles = env.map(({ name, value }) => {
        if (!value.startsWith('/run/secrets/')) return [name, value];
        const path = join(dir, name);
        writeFileSync(path, SAMPLES[name] ?? 'a text of more than twenty-four characters');
        return [name, path];
      });
      const maps = envFrom.map(({ configMapRef }) =>
        manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === configMapRef.name),
      );
      return Object.assign(
        {},
        ...maps.map((map) => map?.data ?? {}),
        Object.fromEntries(fromFiles),
      ) as Record<string, string>;
    }
    const SAMPLES: Record<string, string> = {
      GATEWATCH_CLICKHOUSE_URL_FILE: 'https://user:password@clickhouse.example.com:8443/gatewatch',
      GATEWATCH_SMTP_URL_FILE: 'smtp://mail.example.com:587',
    };

    it.each(values)('%s: no pod is root, writes to its root, keeps a right, or takes long to end', (file) => {
      const pods = podsOf(render(`${CHART}/ci/${file}`));
      expect(pods.length).toBe(5);
      for (const one of pods) {
        const [{ name, securityContext, image, startupProbe, livenessProbe, readinessProbe }] =
          one.containers;
        expect(one, name).toMatchObject({
          enableServiceLinks: false,
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 15,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 10001,
            seccompProfile: { type: 'RuntimeDefault' },
          },
        });
        expect(securityContext, name).toEqual({
          readOnlyRootFilesystem: true,
          allowPrivilegeEscalation: false,
          capabilities: { drop: ['ALL'] },
        });
        expect(image).toMatch(/(:\d+\.\d+\.\d+|@sha256:[0-9a-f]{64})$/);
        if (name !== 'migrate')
          expect([startupProbe, livenessProbe, readinessProbe].every((probe) => probe !== undefined)).toBe(
            true,
          );
      }
    });

    it.each(values)('%s: its settings are right, and each step can start with them', (file) => {
      const manifests = render(`${CHART}/ci/${file}`);
      for (const one of podsOf(manifests)) {
        const [{ args, name }] = one.containers;
        const config = loadConfig(environmentOf(one, manifests));
        expect(config.clickhouse, name).toBeDefined();
        const step = STEPS.find((known) => known === args[2]);
        if (step === undefined) expect(args).toEqual(['migrate']);
        else expect(roleOf(config, [step]).notes, name).toEqual([]);
      }
    });

    it.each(values)('%s: only respond knows the key of the gateway, and how to tell people', (file) => {
      for (const one of podsOf(render(`${CHART}/ci/${file}`))) {
        const [{ name, env }] = one.containers;
        const named = [...env.map((variable) => variable.name), ...filesOf(one)];
        const acting = named.filter((variable) => /LITELLM_KEY|SMTP|WEBHOOK|MAIL/.test(variable));
        if (name !== 'respond') expect(acting, name).toEqual([]);
        expect(filesOf(one).toSorted(), name).toEqual(
          env.flatMap((variable) => (variable.value.startsWith('/run/') ? [variable.name] : [])).toSorted(),
        );
      }
    });

    it('lets nothing but respond reach the gateway, and nothing reach what it does not need', () => {
      const manifests = render(`${CHART}/ci/all-values.yaml`);
      const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy');
      const reach: Record<string, number[]> = Object.fromEntries(
        policies.map(({ metadata, spec }) => {
          const { egress } = z.object({ egress: z.array(rule).default([]) }).parse(spec);
          return [
            metadata.name.split('-').at(-1) ?? '',
            egress.flatMap(({ ports }) => ports.map(({ port }) => port)),
          ];
        }),
      );
      const dns = [53, 53];
      expect(reach).toEqual({
        deny: [],
        ingest: [...dns, 9093, 8443],
        detect: [...dns, 9093, 8443],
        respond: [...dns, 9093, 8443, 443, 465, 587, 443],
        api: [...dns, 9093, 8443],
        migrate: [...dns, 8443],
      });
    });

    it.each(['ingest', 'api'])(
      '%s is reached from its own namespace only, unless somebody is named',
      (role) => {
        const callersIn = (file: string) => {
          const policy = render(`${CHART}/${file}`).find(
            ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.name === `gw-gatewatch-${role}`,
          );
          return z
            .object({ ingress: z.array(caller) })
            .parse(policy?.spec)
            .ingress.flatMap(({ from }) => from);
        };
        const namespace = (name: string) => ({
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
        });
        expect(callersIn('values.yaml')).toEqual([{ podSelector: {} }]);
        expect(callersIn('ci/all-values.yaml')).toEqual([namespace('monitoring'), namespace('ingress')]);
      },
    );

    it('refuses an Ingress that its own policies would shut out', () => {
      const shutOut = () =>
        execFileSync(
          HELM,
          ['template', 'gw', CHART, '--kube-version', '1.34.0', '--set', 'ingress.enabled=true'],
          { stdio: 'pipe', encoding: 'utf8' },
        );
      expect(shutOut).toThrow('networkPolicy.apiFrom');
    });

    it('scales detect by its lag and never beyond its partitions', () => {
      const scaler = render(`${CHART}/ci/all-values.yaml`).find(
        ({ kind, metadata }) => kind === 'HorizontalPodAutoscaler' && metadata.name.endsWith('detect'),
      );
      expect(scaler?.spec).toMatchObject({
        maxReplicas: 24,
        metrics: [{ type: 'Pods', pods: { metric: { name: 'gatewatch_lag_records' } } }],
      });
    });

    it('makes no Secret', () => {
      for (const file of values)
        expect(render(`${CHART}/ci/${file}`).filter(({ kind }) => kind === 'Secret')).toEqual([]);
    });
  },
);

describe('versions of the chart', () => {
  it('are those of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    const chart = readFileSync(`${CHART}/Chart.yaml`, 'utf8');
    expect(chart).toContain(`\nversion: ${version}\n`);
    expect(chart).toContain(`\nappVersion: ${version}\n`);
  });
});
