import { CONTAINMENTS, SEVERITIES, say } from './words.ts';

/** Colour is never alone: the word stands in it. */
export function SeverityBadge({ severity }: { severity: string }) {
  return <span className={`badge severity-${severity}`}>{say(SEVERITIES, severity)}</span>;
}

export function ContainmentBadge({ containment }: { containment: string }) {
  const word = say(CONTAINMENTS, containment);
  return word === '' ? null : <span className={`badge containment-${containment}`}>{word}</span>;
}
