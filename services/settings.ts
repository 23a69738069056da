export interface Setting {
  env?: string;
  path: string;
  default: string;
  about: string;
  secret?: boolean;
}

/** Each setting's papers; `docs/configuration.md` is made from them, and `env` says which variable overrides it. */
export const SETTINGS: readonly Setting[] = [
  {
    env: 'GATEWATCH_LISTEN',
    path: 'listen',
    default: '`127.0.0.1:8787`',
    about: 'Address of ingest, API and page. Port 0 takes any free one.',
  },
  {
    env: 'GATEWATCH_DATA_DIR',
    path: 'dataDir',
    default: '`./data`',
    about: 'Folder of the log, ClickHouse, the audit file and our own keys. One process at a time.',
  },
  {
    env: 'GATEWATCH_PUBLIC_URL',
    path: 'publicUrl',
    default: 'from `listen`',
    about: 'How people reach the page; goes into notifications.',
  },
  {
    env: 'GATEWATCH_KAFKA_BROKERS',
    path: 'kafka.brokers',
    default: 'unset: the log is in the data folder',
    about:
      '`host:port`, with commas. Topics, and what detection has learned, go to this Apache Kafka instead of the data folder.',
  },
  {
    env: 'GATEWATCH_KAFKA_TOPIC_PREFIX',
    path: 'kafka.topicPrefix',
    default: '`gatewatch.`',
    about: 'Before the name of every topic and group.',
  },
  {
    env: 'GATEWATCH_KAFKA_PARTITIONS',
    path: 'kafka.partitions',
    default: '12',
    about:
      'Partitions of `events` and `rollups`, when they are made. Changing it later changes nothing: keys would leave their state behind.',
  },
  {
    env: 'GATEWATCH_KAFKA_TLS',
    path: 'kafka.tls.enabled',
    default: '`false`',
    about: 'TLS to the brokers, with the authorities of the system.',
  },
  {
    env: 'GATEWATCH_KAFKA_TLS_CA_FILE',
    path: 'kafka.tls.ca',
    default: 'unset',
    about: 'PEM file of the authority to trust instead; switches TLS on.',
  },
  {
    env: 'GATEWATCH_KAFKA_TLS_CERT_FILE',
    path: 'kafka.tls.certificate',
    default: 'unset',
    about: 'PEM file of a client certificate.',
  },
  {
    env: 'GATEWATCH_KAFKA_TLS_KEY_FILE',
    path: 'kafka.tls.key',
    default: 'unset',
    about: 'PEM file of its key.',
  },
  {
    env: 'GATEWATCH_KAFKA_SASL_MECHANISM',
    path: 'kafka.sasl.mechanism',
    default: '`scram-sha-512`',
    about: '`plain`, `scram-sha-256` or `scram-sha-512`.',
  },
  {
    env: 'GATEWATCH_KAFKA_SASL_USERNAME',
    path: 'kafka.sasl.username',
    default: 'unset',
    about: 'User at the brokers.',
  },
  {
    env: 'GATEWATCH_KAFKA_SASL_PASSWORD',
    path: 'kafka.sasl.password',
    default: 'unset',
    about: 'Password of that user.',
    secret: true,
  },
  {
    env: 'GATEWATCH_CLICKHOUSE_URL',
    path: 'clickhouse.url',
    default: 'unset: ClickHouse is in the data folder',
    about:
      '`http(s)://user:password@host:8123/database` of a ClickHouse server that keeps the tables instead. The database is `gatewatch` when none is named. See [ClickHouse](clickhouse.md).',
    secret: true,
  },
  {
    env: 'GATEWATCH_CLICKHOUSE_CLUSTER',
    path: 'clickhouse.cluster',
    default: 'unset: one server',
    about:
      'Name of a cluster in `<remote_servers>` of the server: tables are made on all its nodes, replicated and spread over its shards.',
  },
  {
    env: 'GATEWATCH_CLICKHOUSE_TLS_CA_FILE',
    path: 'clickhouse.tls.ca',
    default: 'the authorities of Node.js',
    about: 'PEM file of the authority to trust instead, for an `https://` address.',
  },
  {
    env: 'GATEWATCH_LOG_LEVEL',
    path: 'logLevel',
    default: '`info`',
    about: '`trace`, `debug`, `info`, `warn` or `error`.',
  },
  {
    env: 'GATEWATCH_INGEST_TOKEN',
    path: 'ingestToken',
    default: 'made at first start',
    about:
      'Bearer token with scope `ingest`, of 16 characters and more. More tokens by `gatewatch token create`.',
    secret: true,
  },
  {
    env: 'GATEWATCH_ADMIN_TOKEN',
    path: 'adminToken',
    default: 'made at first start, shown once',
    about: 'Bearer token with every right, of 16 characters and more.',
    secret: true,
  },
  {
    env: 'GATEWATCH_METRICS_TOKEN',
    path: 'metricsToken',
    default: 'unset',
    about: 'Bearer token that may read `/metrics` and nothing else, of 16 characters and more.',
    secret: true,
  },
  {
    env: 'GATEWATCH_PEPPER',
    path: 'pepper',
    default: 'made at first start',
    about:
      'Text of 16 characters and more that goes into the ids of unknown keys and end users, so that nobody can find them by trying. The same on every machine that runs ingest; with another one the same key has another id.',
    secret: true,
  },
  {
    env: 'GATEWATCH_MODE',
    path: 'mode',
    default: '`observe`; `certain` once a gateway is set',
    about:
      '`observe` never acts. `certain` acts alone only on certain evidence: a canary used, a reported leak in use, use after revocation. `enforce` also on three independent families of evidence.',
  },
  {
    env: 'GATEWATCH_LITELLM_URL',
    path: 'gateways[].url',
    default: 'unset',
    about: 'Admin API of the gateway named `litellm`, where keys are blocked. More gateways in the file.',
  },
  {
    env: 'GATEWATCH_LITELLM_KEY',
    path: 'gateways[].key',
    default: 'unset',
    about:
      'Its credential: may block, unblock and read keys, nothing more. Only the process that runs respond needs it.',
    secret: true,
  },
  { path: 'response.caps.per10min', default: '3', about: 'Automatic blocks in 10 minutes, at most.' },
  { path: 'response.caps.perHour', default: '10', about: 'Automatic blocks in an hour, at most.' },
  { path: 'response.caps.perDay', default: '20', about: 'Automatic blocks in a day, at most.' },
  {
    path: 'response.caps.fleetPercent',
    default: '2',
    about: 'Share of the active keys that may be blocked automatically in an hour (one key at least).',
  },
  {
    path: 'response.caps.teamPercent',
    default: '25',
    about: 'Share of a team’s keys that may be blocked automatically.',
  },
  {
    path: 'response.promotion.verdicts',
    default: '10',
    about:
      'Verdicts that `gatewatch ledger` asks for before it calls a detector fit to block by itself: `attack`, `ours` and `planned` count.',
  },
  {
    path: 'response.promotion.precision',
    default: '0.9',
    about: 'Share of these verdicts that must be `attack`.',
  },
  {
    path: 'response.protected',
    default: 'none',
    about: 'Key ids or aliases that are never blocked automatically.',
  },
  {
    path: 'response.graceHours',
    default: '24',
    about: 'After a restore, the same evidence does not block again for so long.',
  },
  {
    env: 'GATEWATCH_SMTP_URL',
    path: 'notify.mail.url',
    default: 'unset',
    about: '`smtp://user:pass@host:587` or `smtps://…`.',
    secret: true,
  },
  {
    env: 'GATEWATCH_MAIL_TO',
    path: 'notify.mail.to',
    default: 'unset',
    about: 'Addresses, separated by commas.',
  },
  {
    env: 'GATEWATCH_MAIL_FROM',
    path: 'notify.mail.from',
    default: 'the first receiver',
    about: 'Sender address.',
  },
  {
    env: 'GATEWATCH_WEBHOOK_URL',
    path: 'notify.webhook.url',
    default: 'unset',
    about: 'Receives a POST for each notification, signed by the Standard Webhooks scheme.',
  },
  {
    env: 'GATEWATCH_WEBHOOK_SECRET',
    path: 'notify.webhook.secret',
    default: 'unset',
    about: '`whsec_…` or any text of 24 characters and more.',
    secret: true,
  },
  {
    env: 'GATEWATCH_WEBHOOK_ALLOW_PRIVATE',
    path: 'notify.webhook.allowPrivate',
    default: '`false`',
    about: 'Lets the webhook’s name resolve to a private address.',
  },
  {
    env: 'GATEWATCH_TRUSTED_PROXIES',
    path: 'trustedProxies',
    default: 'private ranges',
    about: 'CIDR ranges skipped from the right of X-Forwarded-For.',
  },
  {
    env: 'GATEWATCH_GEO_CITY',
    path: 'geo.city',
    default: 'packaged DB-IP data',
    about: 'MMDB file for places; read anew when it changes.',
  },
  {
    env: 'GATEWATCH_GEO_ASN',
    path: 'geo.asn',
    default: 'packaged data',
    about: 'MMDB or CSV file for networks; read anew when it changes.',
  },
  {
    env: 'GATEWATCH_GEO_NETWORKS',
    path: 'geo.networks',
    default: 'unset',
    about: 'CSV file `cidr,class,name` of your own networks; read anew when it changes.',
  },
  {
    env: 'GATEWATCH_RETENTION_DAYS',
    path: 'retentionDays',
    default: '90',
    about: 'Days that events are kept. Incidents stay 400 days, audit records 2,557.',
  },
  {
    env: 'GATEWATCH_LEARNING_DAYS',
    path: 'learningDays',
    default: '7',
    about: 'Per key; before that, behaviour alone never blocks.',
  },
  {
    env: 'GATEWATCH_MAX_KEYS',
    path: 'maxKeys',
    default: '200000',
    about:
      'Keys remembered: the 20,000 used last about 7 kB each, others 2 to 3 kB. Beyond it those with the fewest calls are forgotten and learn anew; `gatewatch_profiles_forgotten_total` counts them.',
  },
  {
    env: 'GATEWATCH_GITHUB_KEYS_FILE',
    path: 'github.publicKeysFile',
    default: 'unset',
    about: 'JSON file with GitHub’s public keys for secret scanning; without it `/v1/leaks/github` refuses.',
  },
  {
    env: 'GATEWATCH_GITGUARDIAN_TOKEN',
    path: 'gitguardian.token',
    default: 'unset',
    about: 'Signature token of the GitGuardian webhook; without it `/v1/leaks/gitguardian` refuses.',
    secret: true,
  },
];
