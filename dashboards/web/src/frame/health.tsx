import type { SystemStatus } from '../../../../services/api/schema.ts';
import { Ago } from '../ago.tsx';
import { count } from '../format.ts';
import { troubleOf } from './trouble.ts';

/** More records waiting than this, and what the page shows may be old. */
const LAG_WARN_RECORDS = 1_000;

interface HealthProps {
  status: SystemStatus | undefined;
  error: Error | undefined;
}

export function Health({ status, error }: HealthProps) {
  if (error !== undefined) return <span className="health bad">{error.message}</span>;
  if (status === undefined) return <span className="health">…</span>;
  const lag = Object.values(status.lag).reduce((sum, records) => sum + records, 0);
  const lagByTopic = Object.entries(status.lag).map(([topic, records]) => `${topic}: ${records}`);
  const trouble = troubleOf(status);
  if (trouble !== undefined) {
    return (
      <span className={`health ${trouble.level}`} role="status">
        {trouble.text}
      </span>
    );
  }
  return (
    <span className={lag > LAG_WARN_RECORDS ? 'health warn' : 'health good'} title={lagByTopic.join(', ')}>
      {lag > LAG_WARN_RECORDS ? `Behind: ${count(lag, 'record')} waiting` : 'Healthy'}
      {status.watermark === null ? (
        ', no calls yet'
      ) : (
        <>
          , newest call judged <Ago time={status.watermark} />
        </>
      )}
    </span>
  );
}
