import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Package {
  version?: string;
  resolved?: string;
  integrity?: string;
  hasInstallScript?: boolean;
  optionalDependencies?: Record<string, string>;
}
interface Manifest {
  scripts: Record<string, string>;
  allowScripts: Record<string, boolean>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), 'utf8'));
}

const manifest = readJson('package.json') as Manifest;
const { packages } = readJson('package-lock.json') as { packages: Record<string, Package> };
const installed = Object.entries(packages).filter(([path]) => path !== '');

describe('the lock file', () => {
  it.each(['chdb', 'lmdb'])('lists the native part of %s for every platform it is made for', (name) => {
    const parts = Object.entries(packages[`node_modules/${name}`]?.optionalDependencies ?? {});
    expect(parts.length).toBeGreaterThanOrEqual(4);
    // npm forgets those it cannot find where the lock was written; then "npm ci" elsewhere installs none.
    const locked = parts.map(([part]) => [part, packages[`node_modules/${part}`]?.version]);
    expect(locked).toEqual(parts);
  });

  it('names no server: everybody installs from the one they are set up for', () => {
    const named = installed.filter(
      ([, { resolved }]) => resolved !== undefined && !resolved.startsWith('file:'),
    );
    expect(named.map(([path]) => path)).toEqual([]);
  });

  it('knows the digest of every package that was there when it was written', () => {
    const unknown = installed.filter(([, { integrity }]) => integrity === undefined).map(([path]) => path);
    expect(unknown).toEqual([
      'node_modules/@chdb/lib-darwin-arm64',
      'node_modules/@chdb/lib-darwin-x64',
      'node_modules/@chdb/lib-linux-arm64-gnu',
    ]);
  });

  it('has no package that runs a script at install beyond those that were looked at', () => {
    // chdb does nothing; lmdb and msgpackr-extract look for their prebuilt part; esbuild checks its program; the others
    // come with testcontainers and would build or print what it works without.
    const withScripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(withScripts.map(([path]) => path).filter((path) => !path.endsWith('/fsevents'))).toEqual([
      'node_modules/chdb',
      'node_modules/cpu-features',
      'node_modules/esbuild',
      'node_modules/lmdb',
      'node_modules/msgpackr-extract',
      'node_modules/protobufjs',
      'node_modules/ssh2',
    ]);
  });
});

describe('package.json', () => {
  it('asks for exact versions', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it('runs no script of a package at install: none of them is needed', () => {
    const withScripts = installed
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace('node_modules/', ''));
    const refused = Object.entries(manifest.allowScripts).flatMap(([name, isAllowed]) =>
      isAllowed ? [] : [name],
    );
    expect(refused.sort()).toEqual(withScripts.filter((name) => name !== 'fsevents').sort());
  });

  it('has every script the README names', () => {
    const readme = readFileSync(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8');
    const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, script = '']) => script);
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter((script) => manifest.scripts[script] === undefined)).toEqual([]);
  });
});
