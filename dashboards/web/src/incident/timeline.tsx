import type { IncidentDetail, TimelineEntry } from '../../../../services/api/schema.ts';
import { utc } from '../format.ts';
import { CHANGES, REASONS, say } from '../words.ts';

/** Their notes are a person's own words; those of the other changes may be names of reasons. */
const BY_PEOPLE = ['acknowledged', 'resolved', 'reopened', 'denied'];

/** The story in the order in which it happened, calls and changes together. */
export function Timeline({ incident }: { incident: IncidentDetail }) {
  const entries = [...callEntries(incident), ...incident.timeline].sort(
    (a, b) => Date.parse(a.at) - Date.parse(b.at),
  );
  return (
    <section className="card timeline">
      <h2>Timeline</h2>
      <ol>
        {entries.map((entry, index) => (
          <li key={`${index} ${entry.at}`}>
            <time dateTime={entry.at}>{utc(entry.at)}</time>
            <span>
              <strong>{sentence(entry.change)}</strong>
              {entry.actor !== '' && <span className="dim"> by {entry.actor}</span>}
              <span className="note">{noteOf(entry, incident)}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function noteOf({ change, note }: TimelineEntry, { title }: IncidentDetail): string {
  if (note === title) return '';
  return BY_PEOPLE.includes(change) ? note : say(REASONS, note);
}

function callEntries({ first_event_at: first, last_event_at: last }: IncidentDetail): TimelineEntry[] {
  const entry = (at: string, change: string): TimelineEntry => ({ at, change, actor: '', note: '' });
  if (first === last) return [entry(first, 'the suspicious call')];
  return [entry(first, 'first suspicious call'), entry(last, 'last suspicious call so far')];
}

/** `block-requested` becomes "Block requested". */
function sentence(change: string): string {
  const words = say(CHANGES, change).replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
