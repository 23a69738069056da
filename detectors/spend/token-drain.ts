import type { Line, Papers } from '../detector.ts';
import type { Volume } from '../lib/volume-series.ts';

export const tokenDrain: Papers = {
  id: 'token-drain',
  title: 'Key uses far more tokens than ever, at no price',
  kind: 'spend',
  families: ['spend'],
  how:
    'Dollars say nothing where a model is free or its price is unknown. So the tokens of the last hour are compared with what the key uses: it speaks from ' +
    'a million on, when most of them cost nothing, and they are 10 times the usual hour and 3 times the largest hour of the last two weeks.',
  runbook:
    'Look at the models of the last hour, and whether the gateway knows their price. Stop the program or set a token limit; if it is wanted, resolve as ours.',
  knownFalsePositives: ['a large job moved to a model of your own'],
};

/** A person’s hour is far below: a thousand calls of a thousand tokens. */
const LEAST_TOKENS = 1_000_000;
const USUAL_TIMES = 10;
const PEAK_TIMES = 3;
const BITS = 8;
const MOST_BITS = 12;

export const LEAST_HOUR_TOKENS = LEAST_TOKENS;

export function tokenDrainLines({ all, part, usual, peak }: Volume): Line[] {
  const limit = Math.max(LEAST_TOKENS, USUAL_TIMES * usual, PEAK_TIMES * peak);
  if (usual === 0 || all < limit || part <= all / 2) return [];
  return [
    {
      family: 'spend',
      feature: 'token-flood',
      observed: `${millions(all)} tokens in the last hour, most of them at no price`,
      normal: `${millions(usual)} in an hour of use, ${millions(peak)} at most in two weeks`,
      bits: Math.min(MOST_BITS, BITS + Math.round(20 * Math.log2(all / limit)) / 10),
      text: `The key used ${millions(all)} tokens in the last hour, most of them at no price; usual are ${millions(usual)}.`,
    },
  ];
}

function millions(tokens: number): string {
  return `${(tokens / 1_000_000).toFixed(2)} million`;
}
