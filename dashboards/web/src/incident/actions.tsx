import type { IncidentAction } from '../../../../services/api/schema.ts';
import { duration, utc } from '../format.ts';
import { ACTION_STATES, REASONS, say } from '../words.ts';

export function Actions({ actions }: { actions: readonly IncidentAction[] }) {
  return (
    <section className="card actions">
      <h2>Actions at the gateway</h2>
      {actions.length === 0 && <p className="dim">None.</p>}
      <ol>
        {actions.map((action) => (
          <li key={action.action_id}>
            <p>
              <strong>{action.kind === 'block' ? 'Block' : 'Restore'}</strong>{' '}
              <span className={`badge action-${action.state}`}>{say(ACTION_STATES, action.state)}</span>
            </p>
            <p className="dim">
              {utc(action.requested_at)} by {action.actor}
              {latency(action)}
            </p>
            {action.reason !== '' && <p>{say(REASONS, action.reason)}</p>}
          </li>
        ))}
      </ol>
    </section>
  );
}

function latency({ requested_at: requested, sent_at: sent, verified_at: verified }: IncidentAction): string {
  const since = (from: string, to: string) => duration(Date.parse(to) - Date.parse(from));
  const parts = [];
  if (sent !== null) parts.push(`at the gateway after ${since(requested, sent)}`);
  if (verified !== null) parts.push(`proven after ${since(requested, verified)}`);
  return parts.map((part) => ` · ${part}`).join('');
}
