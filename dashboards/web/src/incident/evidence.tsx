import type { IncidentDetail } from '../../../../services/api/schema.ts';
import { bits } from '../format.ts';
import { FAMILIES, say } from '../words.ts';
import { groupEvidence, total } from './evidence-groups.ts';
import type { EvidenceGroup, ShownLine } from './evidence-groups.ts';

export function Evidence({ incident }: { incident: IncidentDetail }) {
  const groups = groupEvidence(incident.evidence);
  const heaviest = Math.max(1, ...incident.evidence.map((line) => Math.abs(line.bits)));
  return (
    <section className="card evidence">
      <h2>Evidence</h2>
      <p className="dim">
        Bits say how much a fact speaks for somebody else using the key: one bit more doubles it. Facts that
        speak for the owner count negative. They add up to the score.
      </p>
      <div className="evidence-lines">
        {groups.map((group) => (
          <Group key={group.family} group={group} heaviest={heaviest} />
        ))}
      </div>
      <p className="sum" data-score={incident.score_bits}>
        <span>
          {groups.map(({ family, shownBits }, index) => (
            <span key={family}>
              {index > 0 && (shownBits < 0 ? ' − ' : ' + ')}
              {say(FAMILIES, family)} {bits(index > 0 ? Math.abs(shownBits) : shownBits)}
            </span>
          ))}
        </span>
        <strong>Score {bits(total(groups.map(({ shownBits }) => shownBits)))} bits</strong>
      </p>
    </section>
  );
}

function Group({ group, heaviest }: { group: EvidenceGroup; heaviest: number }) {
  return (
    <section className="family">
      <h3>
        {say(FAMILIES, group.family)}
        <span className="bits">{bits(group.shownBits)}</span>
      </h3>
      <ul>
        {group.lines.map((line) => (
          <Line key={`${line.finding_id} ${line.feature} ${line.observed}`} line={line} heaviest={heaviest} />
        ))}
      </ul>
    </section>
  );
}

function Line({ line, heaviest }: { line: ShownLine; heaviest: number }) {
  return (
    <li className="line">
      <div className="line-text">
        <p>{line.text}</p>
        <dl>
          <dt>Observed</dt>
          <dd>{line.observed}</dd>
          <dt>Normal</dt>
          <dd>{line.normal}</dd>
        </dl>
        <p className="source">
          {line.feature} · {line.detector}
          {line.is_weak && ' · from an address that may be forged, so its family does not count'}
        </p>
      </div>
      <div className="line-bits">
        <span className="bits">{bits(line.shownBits)}</span>
        <svg
          className={line.bits < 0 ? 'meter for-owner' : 'meter'}
          viewBox="0 0 100 6"
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <rect className="track" width="100" height="6" />
          <rect className="fill" width={(Math.abs(line.bits) / heaviest) * 100} height="6" />
        </svg>
      </div>
    </li>
  );
}
