import type { SystemStatus } from '../../../../services/api/schema.ts';
import { Ago } from '../ago.tsx';

interface EmptyProps {
  isFiltered: boolean;
  status: SystemStatus | undefined;
}

export function Empty({ isFiltered, status }: EmptyProps) {
  if (isFiltered) {
    return (
      <div className="empty">
        <p>No incident matches these filters.</p>
        <a href="#/incidents">Show all incidents</a>
      </div>
    );
  }
  if (status === undefined) return null;
  if (status.watermark !== null) {
    return (
      <div className="empty">
        <h2>All quiet</h2>
        <p>
          Nothing suspicious so far. The newest call was judged <Ago time={status.watermark} />.
        </p>
      </div>
    );
  }
  return <FirstSteps gateways={status.gateways} />;
}

/** What a newcomer does next. */
function FirstSteps({ gateways }: Pick<SystemStatus, 'gateways'>) {
  return (
    <div className="empty">
      <h2>No calls have come in yet</h2>
      <p>
        Point LiteLLM here. In its <code>config.yaml</code>:
      </p>
      <pre>{litellmSettings(`${location.origin}/v1/logs/litellm`)}</pre>
      <p>
        <code>GATEWATCH_AUTH_HEADER</code> is <code>Bearer</code> and the ingest token that the first start
        printed. Another one: <code>gatewatch token create --scope ingest</code>
      </p>
      {gateways.length === 0 && (
        <p>
          No gateway credential is set, so gatewatch can only watch. To let it block keys, set{' '}
          <code>GATEWATCH_LITELLM_URL</code> and <code>GATEWATCH_LITELLM_KEY</code> and restart.
        </p>
      )}
      <p>
        <code>gatewatch doctor</code> says what is missing. Only looking around? <code>npm run demo</code>{' '}
        shows a theft.
      </p>
    </div>
  );
}

function litellmSettings(endpoint: string): string {
  return `litellm_settings:
  callbacks: ["gatewatch"]
  global_disable_no_log_param: true
  turn_off_message_logging: true
callback_settings:
  gatewatch:
    callback_type: generic_api
    endpoint: ${endpoint}
    headers: {Authorization: os.environ/GATEWATCH_AUTH_HEADER}
    max_retries: 3`;
}
