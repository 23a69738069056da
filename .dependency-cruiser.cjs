// Who may import whom; docs/architecture.md draws the same map. Type imports count too.
const ADAPTERS =
  '^services/(transports|stores|checkpoints|gateways|revokers|notifiers|enrichment|audit|auth)/';
/** The contracts between steps and adapters. */
const PORTS = [
  '^services/transports/transport\\.ts$',
  '^services/stores/(store|tables)\\.ts$',
  '^services/checkpoints/checkpoint-store\\.ts$',
  '^services/gateways/gateway\\.ts$',
  '^services/revokers/revoker\\.ts$',
  '^services/notifiers/notifier\\.ts$',
  '^services/enrichment/enricher\\.ts$',
  '^services/audit/audit-log\\.ts$',
  '^services/auth/(tokens|sessions)\\.ts$',
];
/** Files of services/ itself: errors, secret, log, metrics, topics. Not main, and not the settings: a part is given what
 *  it needs of them. */
const SHARED = '^services/(?!main\\.ts$|config(-schema)?\\.ts$|settings\\.ts$|roles\\.ts$)[^/]+\\.ts$';
/** The client of Kafka, for the adapters that lie on it. */
const KAFKA = '^services/kafka/';
const SETTINGS = '^services/(config(-schema)?|settings|roles)\\.ts$';
const OURS = '^(detectors|services|dashboards|test|bench|scripts|bin)/';

module.exports = {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that need each other are one file, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'detectors-know-only-detectors',
      comment: 'Pure: no I/O, no clock, no knowledge of the rest. Statistics are maths.',
      severity: 'error',
      from: { path: '^detectors/' },
      to: { pathNot: ['^detectors/', 'node_modules/(simple-statistics|zod)/'] },
    },
    {
      name: 'only-the-event-has-a-schema',
      comment: 'Events are parsed once, at the door.',
      severity: 'error',
      from: { path: '^detectors/', pathNot: '^detectors/event\\.ts$' },
      to: { path: 'node_modules/zod/' },
    },
    {
      name: 'a-step-knows-ports-only',
      comment: 'Steps meet in topics and the store: never another step, never an adapter.',
      severity: 'error',
      from: { path: '^services/(ingest|detect|respond|api)/' },
      to: { path: OURS, pathNot: ['^services/$1/', ...PORTS, '^services/incidents/', SHARED, '^detectors/'] },
    },
    {
      name: 'the-desk-only-decides',
      comment:
        'Pure, so that a replay decides as the live run did. What acts and what sends knows the desk, not it them.',
      severity: 'error',
      from: { path: '^services/respond/desk/' },
      to: { path: '^services/respond/(?!desk/)' },
    },
    {
      name: 'the-desk-touches-nothing',
      severity: 'error',
      from: { path: '^services/respond/desk/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'an-adapter-knows-its-own-port',
      severity: 'error',
      from: {
        path: '^services/(transports|stores|checkpoints|gateways|revokers|notifiers|enrichment|audit|auth)/',
      },
      to: {
        path: OURS,
        pathNot: [
          '^services/$1/',
          '^services/incidents/incident\\.ts$',
          // The chain of several responders stands in a topic.
          '^services/transports/transport\\.ts$',
          SHARED,
          KAFKA,
          '^detectors/',
        ],
      },
    },
    {
      name: 'only-transports-and-checkpoints-lie-on-kafka',
      severity: 'error',
      from: {
        pathNot: ['^services/(transports|checkpoints|kafka|cli)/', '^services/main\\.ts$', '^(test|bench)/'],
      },
      to: { path: KAFKA },
    },
    {
      name: 'the-client-of-kafka-knows-no-parts',
      severity: 'error',
      from: { path: KAFKA },
      to: { path: OURS, pathNot: [KAFKA, SHARED] },
    },
    {
      name: 'an-incident-is-a-pure-function',
      severity: 'error',
      from: { path: '^services/incidents/' },
      to: { pathNot: ['^services/incidents/', '^services/(errors|topics)\\.ts$', '^detectors/'] },
    },
    {
      name: 'shared-files-know-no-parts',
      comment: 'What everybody may import may itself import nearly nothing.',
      severity: 'error',
      from: { path: SHARED },
      to: { path: OURS, pathNot: [SHARED, '^detectors/'] },
    },
    {
      name: 'settings-know-no-parts',
      severity: 'error',
      from: { path: SETTINGS },
      to: { path: OURS, pathNot: [SHARED, SETTINGS] },
    },
    {
      name: 'only-the-command-line-knows-main',
      severity: 'error',
      from: { pathNot: '^(services/cli/|services/main\\.ts$|test/|bench/|scripts/)' },
      to: { path: '^services/(main\\.ts$|cli/)' },
    },
    {
      name: 'the-demo-is-a-gateway-like-any-other',
      severity: 'error',
      from: { path: '^services/demo/' },
      to: { path: OURS, pathNot: ['^services/demo/', '^services/gateways/', SHARED, '^detectors/'] },
    },
    {
      name: 'the-page-knows-the-api-schema-only',
      severity: 'error',
      from: { path: '^dashboards/' },
      to: { path: OURS, pathNot: ['^dashboards/', '^services/api/schema\\.ts$'] },
    },
    {
      name: 'nothing-knows-the-page',
      severity: 'error',
      from: { path: '^(detectors|services)/' },
      to: { path: '^dashboards/' },
    },
    {
      name: 'nothing-knows-tests',
      severity: 'error',
      from: { path: '^(detectors|services|dashboards)/' },
      to: { path: '^(test|bench|scripts)/' },
    },
    {
      name: 'no-development-packages-at-run-time',
      severity: 'error',
      from: { path: '^(detectors|services)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'a-library-stays-behind-its-port',
      comment: 'What may be replaced one day is named in one folder.',
      severity: 'error',
      // The lock of the data folder is older than every part that lives in it.
      from: { pathNot: [ADAPTERS, KAFKA, '^services/data-folder\\.ts$', '^test/'] },
      to: { path: 'node_modules/(lmdb|kafkajs|chdb|@clickhouse/client|nodemailer|mmdb-lib)/' },
    },
    {
      name: 'a-step-meets-http-in-ingest-and-api',
      severity: 'error',
      from: { path: '^services/(detect|respond|incidents)/' },
      to: { path: 'node_modules/(fastify|@fastify)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^dist/|^dashboards/web/dist/)' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
