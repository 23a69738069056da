import type { Claims } from './incident.ts';

/** In which points the log claims something else than the gateway knows, in words. */
export function differences(logged: Claims, atGateway: Claims): string[] {
  return [
    difference('alias', logged.keyAlias, atGateway.keyAlias),
    difference('team', logged.team, atGateway.team),
  ].filter((text) => text !== '');
}

/** As ingest cleans names. */
export function cleanClaims({ keyAlias, team }: Claims): Claims {
  return { keyAlias: comparable(keyAlias), team: comparable(team) };
}

function difference(what: string, logged: string, known: string): string {
  const isSame = logged === '' || comparable(logged) === comparable(known);
  return isSame ? '' : `${what}: the log says “${logged}”, the gateway “${comparable(known)}”`;
}

function comparable(text: string): string {
  return text
    .slice(0, 256)
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '')
    .toWellFormed();
}
