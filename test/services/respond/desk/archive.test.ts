import { describe, expect, it } from 'vitest';
import { openIncident, transition } from '../../../../services/incidents/lifecycle.ts';
import { Archive } from '../../../../services/respond/desk/archive.ts';
import { newDossier } from '../../../../services/respond/desk/dossier.ts';
import { NOW, aFinding, aKeyId } from '../../../support/findings.ts';

function aDossier(number: number, isResolved: boolean) {
  const at = NOW + number;
  const entity = { type: 'key', keyId: aKeyId(number) } as const;
  const incident = openIncident(aFinding({ entity, findingId: `fnd_${number}` }), at, true);
  const resolve = { type: 'resolve', at, actor: 'dana', note: '', verdict: 'ours' } as const;
  return newDossier(isResolved ? transition(incident, resolve) : incident);
}

describe('the archive', () => {
  it('forgets the oldest resolved incidents when there are too many, and no open one', () => {
    const archive = new Archive();
    const dossiers = Array.from({ length: 10_001 }, (_, number) => aDossier(number, number % 2 === 0));
    for (const dossier of dossiers) archive.add(dossier);
    const kept = [...archive.all()];
    expect(kept).toHaveLength(9_001);
    expect(dossiers.filter((one) => one.incident.status === 'open').every((one) => kept.includes(one))).toBe(
      true,
    );
    const [oldest] = dossiers;
    if (oldest === undefined) throw new Error('There is one.');
    expect(archive.of(oldest.incident.entity)).toEqual([]);
    expect(archive.takeChanged()).toContain(`incident/${oldest.incident.incidentId}`);
    expect(archive.save(`incident/${oldest.incident.incidentId}`)).toBeUndefined();
  });

  it('keeps a flood of open incidents, and goes on forgetting when they are resolved', () => {
    const archive = new Archive();
    for (let number = 0; number < 10_500; number += 1) archive.add(aDossier(number, false));
    expect([...archive.all()]).toHaveLength(10_500);
    for (const dossier of archive.all()) {
      const resolve = { type: 'resolve', at: NOW, actor: 'dana', note: '', verdict: 'ours' } as const;
      dossier.incident = transition(dossier.incident, resolve);
    }
    for (let number = 10_500; number < 11_100; number += 1) archive.add(aDossier(number, false));
    expect([...archive.all()].length).toBeLessThan(10_500);
  });
});
