import { FILTERS, listLink } from '../route.ts';
import type { Filters } from '../route.ts';
import { KINDS, SEVERITIES, STATUSES } from '../words.ts';

const CHOICES = { status: STATUSES, kind: KINDS, severity: SEVERITIES } as const;

/** The filters live in the address: they survive a reload, and the back button undoes them. */
export function FilterBar({ filters }: { filters: Filters }) {
  const change = (name: keyof Filters, value: string) => {
    const next: Filters = { ...filters, [name]: value };
    if (value === '') Reflect.deleteProperty(next, name);
    location.hash = listLink(next);
  };
  return (
    <form className="filters" aria-label="Filters" onSubmit={(event) => event.preventDefault()}>
      {FILTERS.map((name) => (
        <label key={name}>
          <span>{name}</span>
          <select value={filters[name] ?? ''} onChange={(event) => change(name, event.target.value)}>
            <option value="">all</option>
            {Object.entries(CHOICES[name]).map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
      ))}
    </form>
  );
}
