import type { IncidentAction, IncidentDetail } from '../../../../services/api/schema.ts';
import { utc } from '../format.ts';
import { REASONS, say } from '../words.ts';
import { actionUnderWay, isBlockable } from './available-commands.ts';

type State = IncidentDetail['containment'];

/** What is true of the key now. Nothing is called blocked before it is proven. */
const SENTENCES: Record<State, string> = {
  none: 'The key still works: nothing was done at the gateway.',
  requested: 'A block was decided and is on its way. Until the gateway confirms it, the key still works.',
  sent: 'The gateway was asked to block the key. Its answer is awaited; until then the key may still work.',
  accepted:
    'The gateway says that the key is blocked. Not proven yet: that takes a refused call, or 90 seconds without a successful one.',
  verified: 'The key is out of service. This is proven.',
  failed:
    'The block did not work, and the key may still be usable. Act by hand at the gateway; the runbook says how.',
  restored: 'The key works again: it was restored.',
  simulated: 'A block would have been made here. Nothing was done, because actions are simulated.',
};

const STEPS = [
  ['requested', 'Decided'],
  ['sent', 'Sent to the gateway'],
  ['accepted', 'Accepted by the gateway'],
  ['verified', 'Proven'],
] as const;

export function Containment({ incident }: { incident: IncidentDetail }) {
  const reached = STEPS.findIndex(([state]) => state === incident.containment);
  const block = incident.actions.findLast(({ kind }) => kind === 'block');
  return (
    <section className={`card containment containment-${incident.containment}`}>
      <h2>Containment</h2>
      <p className="say" role="status">
        {sentence(incident)}
      </p>
      <p className="note">{newestNote(incident)}</p>
      {reached >= 0 && (
        <ol className="steps">
          {STEPS.map(([state, name], index) => (
            <li
              key={state}
              className={index <= reached ? 'done' : ''}
              aria-current={index === reached ? 'step' : undefined}
            >
              {name}
              {index <= reached && block !== undefined && <small>{timeOf(state, block)}</small>}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}

function sentence(incident: IncidentDetail): string {
  if (!isBlockable(incident)) return 'There is no single key of the gateway here that could be blocked.';
  if (actionUnderWay(incident)?.kind === 'restore') {
    return 'The gateway was asked to accept the key again. Its answer is awaited.';
  }
  return SENTENCES[incident.containment];
}

/** How the proof came, or why it failed, in the words of respond. */
function newestNote({ timeline }: IncidentDetail): string {
  const entry = timeline.findLast(({ change }) => /^(block|restore)/.test(change));
  return say(REASONS, entry?.note ?? '');
}

function timeOf(state: (typeof STEPS)[number][0], block: IncidentAction): string {
  const times = {
    requested: block.requested_at,
    sent: block.sent_at,
    accepted: null,
    verified: block.verified_at,
  };
  const time = times[state];
  return time === null ? '' : utc(time).slice(11);
}
