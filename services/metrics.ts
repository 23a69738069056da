import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** All metrics, in one place so that names and labels stay alike. Labels never hold keys, addresses or users. */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name: `gatewatch_${name}`, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = []) =>
    new Gauge({ name: `gatewatch_${name}`, help, labelNames, registers });
  const histogram = <L extends string>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
    new Histogram({ name: `gatewatch_${name}`, help, labelNames, buckets, registers });
  const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 90];
  return {
    registry,
    eventsAccepted: counter('events_accepted_total', 'Log records taken in as events.', ['format']),
    eventsDuplicate: counter('events_duplicate_total', 'Log records left out because they came before.', [
      'format',
    ]),
    recordsRejected: counter('records_rejected_total', 'Log records that could not be read.', [
      'format',
      'code',
    ]),
    ingestBytes: counter('ingest_bytes_total', 'Bytes of log bodies received, after decompression.', [
      'format',
    ]),
    ingestRefused: counter('ingest_refused_total', 'Log bodies refused as a whole.', ['code']),
    eventsJudged: counter('events_judged_total', 'Events judged by the detectors.'),
    eventsLate: counter('events_late_total', 'Events that came too late to act on.'),
    profilesForgotten: counter('profiles_forgotten_total', 'Keys and teams forgotten for lack of room.'),
    addressesUnusable: counter('addresses_unusable_total', 'Events without a usable client address.', [
      'reason',
    ]),
    findings: counter('findings_total', 'Findings handed to respond.', ['detector']),
    watermarkAge: gauge('watermark_age_seconds', 'Age of the newest event time judged.'),
    lag: gauge('lag_records', 'Records appended but not yet handled, in the partitions of this process.', [
      'topic',
      'group',
    ]),
    rebalances: counter('rebalances_total', 'Times the partitions of a group were shared out.', ['group']),
    partitionsAssigned: gauge('partitions_assigned', 'Partitions of a group that this process reads.', [
      'group',
    ]),
    checkpointRestore: gauge('checkpoint_restore_seconds', 'How long the last partition took to restore.'),
    responderActive: gauge(
      'responder_active',
      '1 while this process decides and acts, 0 while it stands by.',
    ),
    batchesRetried: counter(
      'batches_retried_total',
      'Batches of a topic that were not handled and came again.',
      ['topic', 'group'],
    ),
    checkpointAge: gauge('checkpoint_age_seconds', 'Time since the last checkpoint.'),
    storeFailures: counter('store_failures_total', 'Inserts that failed and are repeated.', ['table']),
    storeBacklog: gauge('store_backlog_rows', 'Rows waiting for the store.'),
    rowsLost: counter('rows_lost_total', 'Events that went from the log before the store took them.'),
    incidents: counter('incidents_total', 'Incident transitions.', ['kind', 'transition']),
    actions: counter('actions_total', 'Actions at gateways by state.', ['kind', 'state']),
    actionLatency: histogram(
      'action_latency_seconds',
      'From arrival of the event to the call at the gateway.',
      seconds,
    ),
    notifications: counter('notifications_total', 'Messages to people.', ['channel', 'result']),
    frozen: gauge('frozen', '1 while automatic actions are frozen.'),
    geoDataFailures: counter('geo_data_failures_total', 'Mounted IP data files that could not be read.', [
      'source',
    ]),
    geoDataAge: gauge('geo_data_age_days', 'Age of the IP data.', ['source']),
    auditSequence: gauge('audit_sequence', 'Sequence number of the newest audit record.'),
    authFailures: counter('auth_failures_total', 'Requests to the API refused for who asked.', ['code']),
    sqlQueries: counter('sql_queries_total', 'Queries of people.', ['result']),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
