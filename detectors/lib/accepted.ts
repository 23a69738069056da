import type { KeyProfile, NetworkSeen } from '../profile.ts';

/** A person, or a restore, declared this to be fine for now. */
export function isAccepted(profile: KeyProfile, indicator: string, ts: number): boolean {
  const accepted = profile.facts?.accepted;
  return accepted?.some((one) => one.indicator === indicator && one.until > ts) ?? false;
}

export function isNetworkAccepted(profile: KeyProfile, seen: NetworkSeen, ts: number): boolean {
  if (profile.facts === undefined) return false;
  return isAccepted(profile, `network:${seen.id}`, ts) || isAccepted(profile, `asn:${seen.asn}`, ts);
}

/** A person called this an attack. */
export function isHostile(profile: KeyProfile, seen: NetworkSeen): boolean {
  const hostile = profile.facts?.hostile;
  return (
    hostile !== undefined && (hostile.includes(`network:${seen.id}`) || hostile.includes(`asn:${seen.asn}`))
  );
}
