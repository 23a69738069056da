import type { SystemStatus } from '../../../../services/api/schema.ts';

/** What is wrong, in one line: `bad` when gatewatch cannot do its work, `warn` when a part of it is down. */
export function troubleOf({
  ready,
  parts,
}: Pick<SystemStatus, 'ready' | 'parts'>): { level: 'bad' | 'warn'; text: string } | undefined {
  const unready = parts.filter((part) => !part.ready);
  if (ready && unready.length === 0) return undefined;
  const text = unready.map(({ name, reason }) => `${name} (${reason})`).join(', ');
  return ready
    ? { level: 'warn', text: `In trouble: ${text}` }
    : { level: 'bad', text: `Not ready: ${text}` };
}
