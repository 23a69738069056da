/** Where the reader is. Kept in the fragment, which never reaches a server or its logs. */
export type Route =
  | { screen: 'sign-in'; token: string }
  | { screen: 'incidents'; filters: Filters }
  | { screen: 'incident'; incidentId: string };

export const FILTERS = ['status', 'kind', 'severity'] as const;
export type Filters = Partial<Record<(typeof FILTERS)[number], string>>;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const params = new URLSearchParams(query);
  if (path === '/sign-in') return { screen: 'sign-in', token: params.get('token') ?? '' };
  const incidentId = /^\/incidents\/([^/]+)$/.exec(path)?.[1];
  if (incidentId !== undefined) return { screen: 'incident', incidentId: decode(incidentId) };
  return { screen: 'incidents', filters: readFilters(params) };
}

function readFilters(params: URLSearchParams): Filters {
  const filters: Filters = {};
  for (const name of FILTERS) {
    const value = params.get(name);
    if (value !== null && value !== '') filters[name] = value;
  }
  return filters;
}

/** A mistyped address is a text like any other. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function incidentLink(incidentId: string): string {
  return `#/incidents/${encodeURIComponent(incidentId)}`;
}

export function listLink(filters: Filters = {}): string {
  const query = new URLSearchParams(filters).toString();
  return query === '' ? '#/incidents' : `#/incidents?${query}`;
}
