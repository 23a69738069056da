import type { Kind, Papers } from '../../detectors/detector.ts';
import { anchor, code, madeFrom, page, table } from './markdown.ts';

const KIND_TITLES: Readonly<Record<Kind, string>> = {
  leaked_key: 'Leaked keys',
  geo: 'Wrong places',
  spend: 'Runaway spend',
};

const INTRO = `A detector reads the events of a key, compares them with what is normal for that key, and says what speaks for a thief:
lines of evidence, each with a weight in *bits* and a *family*. One bit doubles the odds. The lines of an incident add up
to its score. Families fail independently of each other, and blocking without certain evidence needs three of them.

Each detector says below how it decides, what to do when it speaks, and when it is wrong.`;

export function detectorsPage(papers: readonly Papers[]): string {
  const overview = papers.map(({ id, title, kind, families }) => [
    `[${id}](#${anchor(id)})`,
    title,
    code(kind),
    families.join(', '),
  ]);
  const kinds = [...new Set(papers.map(({ kind }) => kind))];
  return page(
    madeFrom('the papers in detectors/'),
    '# Detectors',
    INTRO,
    table(['detector', 'says', 'kind', 'families'], overview),
    ...kinds.flatMap((kind) => [
      `## ${KIND_TITLES[kind]}`,
      ...papers.filter((one) => one.kind === kind).map(section),
    ]),
  );
}

function section({ id, title, how, runbook, knownFalsePositives }: Papers): string {
  const wrong = knownFalsePositives.length === 0 ? ['none known'] : knownFalsePositives;
  return [
    `### ${id}`,
    `**${title}.** ${how}`,
    `*What to do:* ${runbook}`,
    `*Known false alarms:*`,
    wrong.map((text) => `- ${text}`).join('\n'),
  ].join('\n\n');
}
