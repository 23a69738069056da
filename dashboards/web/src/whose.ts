import type { RelatedIncident } from '../../../services/api/schema.ts';

type Owned = Pick<RelatedIncident, 'key_id' | 'key_alias' | 'team' | 'user'>;

/** Enough of a key id to tell it from others. */
const SHORT = 12;

export function keyName({ key_alias: alias, key_id: keyId }: Owned): string {
  if (alias !== '') return alias;
  return keyId.length > SHORT ? `${keyId.slice(0, SHORT)}…` : keyId;
}

/** Whose key it is, in one line; parts that are unknown are left out. */
export function whose(incident: Owned): string {
  const parts = [
    ['key', keyName(incident)],
    ['team', incident.team],
    ['user', incident.user],
  ] as const;
  return parts
    .filter(([, name]) => name !== '')
    .map(([what, name]) => `${what} ${name}`)
    .join(' · ');
}
