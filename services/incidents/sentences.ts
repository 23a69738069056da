import type { Certainty, Entity, Kind } from '../../detectors/detector.ts';
import { heaviest } from './evidence.ts';
import type { EvidencePart, IncidentSnapshot } from './incident.ts';

const CERTAIN: Record<Certainty, string> = {
  'canary-used': 'is a canary and was used',
  'leak-in-use': 'was reported as leaked and is in use',
  'used-after-revocation': 'is used after its revocation',
};
const BY_KIND: Record<Kind, string> = {
  leaked_key: 'looks stolen',
  geo: 'is used from an unusual place',
  spend: 'spends unusually much',
};

/** One sentence that says what happened to whom. */
export function titleOf(
  entity: Entity,
  keyAlias: string,
  kind: Kind,
  certainty: Certainty | undefined,
): string {
  return `${entityName(entity, keyAlias)} ${certainty === undefined ? BY_KIND[kind] : CERTAIN[certainty]}`;
}

export function entityName(entity: Entity, keyAlias: string): string {
  switch (entity.type) {
    case 'key': {
      const id = entity.keyId.startsWith('foreign:') ? entity.keyId : `${entity.keyId.slice(0, 12)}…`;
      return keyAlias === '' ? `Key ${id}` : `Key “${keyAlias}”`;
    }
    case 'team':
      return `Team ${entity.team}`;
    case 'user':
      return `User ${entity.user}`;
  }
}

/** What happened, in a few sentences for somebody who was just woken up. */
export function summaryOf(incident: IncidentSnapshot): string {
  const money =
    incident.usdLost > 0 || incident.usdPerHour > 0
      ? ` ${dollars(incident.usdLost)} lost so far, ${dollars(incident.usdPerHour)} per hour at the present rate.`
      : '';
  const calls = incident.events === 1 ? '1 suspicious call' : `${incident.events} suspicious calls`;
  const reasons = reasonsOf(incident.evidence);
  return `${incident.title}.${reasons === '' ? '' : ` ${reasons}`} ${calls} since ${clock(incident.firstEventAt)}.${money}`;
}

/** The heaviest lines of the heaviest story. */
function reasonsOf(parts: readonly EvidencePart[]): string {
  const lines = heaviest(parts)?.lines.toSorted((a, b) => b.bits - a.bits) ?? [];
  return lines
    .slice(0, 3)
    .map(({ text }) => (text.endsWith('.') ? text : `${text}.`))
    .join(' ');
}

/** Made once: making one costs more than a thousand numbers. */
const DOLLARS = new Intl.NumberFormat('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function dollars(amount: number): string {
  return `$${DOLLARS.format(amount)}`;
}

function clock(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
