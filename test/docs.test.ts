import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { madePages } from '../scripts/docs/pages.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function filesBelow(dir: string): string[] {
  return readdirSync(join(ROOT, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)));
}

/** What a reader of the repository gets: everything git tracks or would track. */
function sourceFiles(): string[] {
  const list = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 16 * 1024 * 1024,
  });
  return list.split('\0').filter((path) => path !== '' && existsSync(join(ROOT, path)));
}

const TEXT =
  /\.(ts|tsx|js|cjs|mjs|json|md|css|html|yaml|yml|sh)$|(^|\/)(LICENSE|NOTICE|run|\.npmrc|\.gitignore)$/;
const HAND_WRITTEN = [
  'README.md',
  'SECURITY.md',
  'CHANGELOG.md',
  ...filesBelow('docs').filter((path) => path.endsWith('.md')),
];

function headingAnchors(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#{1,6} (.+)$/gm)].map(([, text = '']) => text);
  return new Set(
    headings.map((text) =>
      text
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_\- ]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function brokenLinks(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8');
  const prose = text.replace(/```[\s\S]*?```/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => {
      const [file = '', anchor] = target.split('#');
      const full = file === '' ? join(ROOT, path) : join(ROOT, dirname(path), file);
      if (!existsSync(full)) return true;
      return anchor !== undefined && !headingAnchors(readFileSync(full, 'utf8')).has(anchor);
    });
}

describe('docs', () => {
  it.each([...madePages()])(
    '%s is as fresh as the code it is made from ("npm run docs" writes it)',
    (path, text) => {
      expect(existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '').toBe(text);
    },
  );

  it.each(HAND_WRITTEN)('every link of %s leads somewhere', (path) => {
    expect(brokenLinks(path)).toEqual([]);
  });

  it('a decision is one short page with context, options, decision and consequences', () => {
    const decisions = filesBelow('docs/decisions');
    expect(decisions.length).toBeGreaterThanOrEqual(5);
    for (const path of decisions) {
      const text = readFileSync(join(ROOT, path), 'utf8');
      expect(path).toMatch(/^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/);
      for (const part of ['Context', 'Options', 'Decision', 'Consequences'])
        expect(text, path).toContain(`**${part}.**`);
    }
  });
});

describe('the tree speaks of itself alone', () => {
  // Put together from pieces, so that this file is no finding of its own.
  const forbidden = [
    {
      what: 'a path of somebody’s machine',
      pattern: new RegExp(
        ['/wo', 'rk/|/ho', 'me/[a-z]|/ro', 'ot/|/Us', 'ers/[A-Za-z]|C:\\\\Us', 'ers'].join(''),
      ),
    },
    {
      what: 'a number of a tracker',
      pattern: new RegExp(['\\biss', 'ue #?\\d|\\bPR #?\\d|\\bti', 'cket #?\\d'].join(''), 'i'),
    },
    {
      what: 'the host of a package registry',
      pattern: new RegExp(
        ['registry\\.np', 'mjs|registry\\.ya', 'rnpkg|jf', 'rog|artif', 'actory|verd', 'accio|nexus\\.'].join(
          '',
        ),
        'i',
      ),
    },
  ];

  it.each(forbidden)('no text file names $what', ({ pattern }) => {
    const found = sourceFiles()
      .filter((path) => TEXT.test(path))
      .flatMap((path) => {
        const lines = readFileSync(join(ROOT, path), 'utf8').split('\n');
        return lines.flatMap((line, index) =>
          pattern.test(line) ? [`${path}:${(index + 1).toString()}`] : [],
        );
      });
    expect(found).toEqual([]);
  });
});
