import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { YOUNG_GENERATION } from '../../services/garbage-collection.ts';

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

describe('the young generation', () => {
  it.each([
    ['npm start', manifest.scripts['start']],
    ['npm run replay', manifest.scripts['replay']],
    ['the image', readFileSync('Dockerfile', 'utf8')],
    ['the command', readFileSync('bin/gatewatch.js', 'utf8').split('\n')[0]],
  ])('has the size that the bench measures with in %s', (_, text) => {
    expect(text).toContain(YOUNG_GENERATION);
  });
});
