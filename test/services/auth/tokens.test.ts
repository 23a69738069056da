import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { includesScope, openTokens, SCOPES } from '../../../services/auth/tokens.ts';
import type { Scope } from '../../../services/auth/tokens.ts';
import { Secret } from '../../../services/secret.ts';

const DAY_MS = 86_400_000;

describe('tokens', () => {
  let dir: string;
  let clock = 1_790_000_000_000;
  const now = () => clock;
  const open = (fixed: { text: Secret; scope: Scope; name: string }[] = []) =>
    openTokens({ dir, now, fixed });
  const inADay = () => clock + DAY_MS;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-tokens-'));
  });
  afterEach(async () => {
    await rm(dir, { recursive: true, force: true });
  });

  it('knows a token by its text, with name and scope', async () => {
    const tokens = await open();
    const { text, id } = await tokens.create({ scope: 'triage', expiresAt: inADay(), name: 'anna' });
    expect(await tokens.authenticate(text)).toEqual({
      id,
      name: 'anna',
      scope: 'triage',
      expiresAt: inADay(),
    });
  });

  it('does not know anything else', async () => {
    const tokens = await open();
    const { text } = await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    for (const wrong of ['', 'x', text.slice(0, -1), `${text}x`, text.toUpperCase(), ` ${text}`]) {
      expect(await tokens.authenticate(wrong), wrong).toBeUndefined();
    }
  });

  it('keeps only a digest, in a file for its owner', async () => {
    const tokens = await open();
    const { text } = await tokens.create({ scope: 'admin', expiresAt: inADay(), name: 'anna' });
    const file = join(dir, 'tokens.json');
    const [, secret = ''] = text.split('.');
    expect(secret).toHaveLength(43);
    expect(await readFile(file, 'utf8')).not.toContain(secret);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('survives a restart', async () => {
    const { text } = await (await open()).create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    expect(await (await open()).authenticate(text)).toMatchObject({ name: 'anna', scope: 'read' });
  });

  it('knows at once what another process made', async () => {
    const server = await open();
    const commandLine = await open();
    const { text } = await commandLine.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    expect(await server.authenticate(text)).toMatchObject({ name: 'anna' });
  });

  it('forgets within a second what was taken out of the file', async () => {
    const tokens = await open();
    const { text, id } = await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    await writeFile(join(dir, 'tokens.json'), '{"tokens":[]}');
    clock += 1_000;
    expect(await tokens.authenticate(text)).toBeUndefined();
    expect(await tokens.find(id)).toBeUndefined();
  });

  it('ends a token at its time, and drops it from the file when the next is made', async () => {
    const tokens = await open();
    const { text, id } = await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    clock += DAY_MS - 1;
    expect(await tokens.authenticate(text)).toBeDefined();
    clock += 1;
    expect(await tokens.authenticate(text)).toBeUndefined();
    expect(tokens.list()).toEqual([]);
    await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'bob' });
    expect(await readFile(join(dir, 'tokens.json'), 'utf8')).not.toContain(id);
  });

  it('refuses a token that is over before it begins', async () => {
    const tokens = await open();
    await expect(tokens.create({ scope: 'read', expiresAt: clock, name: 'anna' })).rejects.toMatchObject({
      code: 'E_BAD_REQUEST',
    });
  });

  it('takes tokens of the settings as they are, and does not write them down', async () => {
    const tokens = await open([
      { text: new Secret('any text of the operator'), scope: 'ingest', name: 'settings' },
    ]);
    expect(await tokens.authenticate('any text of the operator')).toMatchObject({
      scope: 'ingest',
      name: 'settings',
    });
    await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    expect(await readFile(join(dir, 'tokens.json'), 'utf8')).not.toContain('settings');
    expect(tokens.list().map(({ name }) => name)).toEqual(['anna', 'settings']);
  });

  it('loses none when many are made at once by several processes', async () => {
    const tables = await Promise.all([open(), open(), open()]);
    const made = await Promise.all(
      tables.flatMap((tokens, index) =>
        [1, 2, 3].map((n) => tokens.create({ scope: 'read', expiresAt: inADay(), name: `${index}-${n}` })),
      ),
    );
    const all = (await open()).list().map(({ id }) => id);
    expect(new Set(all)).toEqual(new Set(made.map(({ id }) => id)));
  });

  it('takes over the lock of a process that was killed', async () => {
    const tokens = await open();
    const lock = join(dir, 'tokens.json.lock');
    await writeFile(lock, '');
    await utimes(lock, new Date(Date.now() - 60_000), new Date(Date.now() - 60_000));
    await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    await expect(stat(lock)).rejects.toThrow();
  });

  it('cleans names, which people read in the audit log', async () => {
    const tokens = await open();
    const { text } = await tokens.create({
      scope: 'read',
      expiresAt: inADay(),
      name: `an\u202ena\r\n${'x'.repeat(200)}`,
    });
    expect((await tokens.authenticate(text))?.name).toBe(`an na  ${'x'.repeat(73)}`);
  });

  it.each([
    ['no JSON', '{"tokens":['],
    ['another shape', '{"tokens":[{"id":"1"}]}'],
    [
      'a scope nobody knows',
      '{"tokens":[{"id":"1","name":"","scope":"root","sha256":"","createdAt":"","expiresAt":""}]}',
    ],
  ])('does not start on a file that is %s, and says which', async (_story, text) => {
    await writeFile(join(dir, 'tokens.json'), text);
    await expect(open()).rejects.toMatchObject({
      code: 'E_CONFIG',
      message: expect.stringContaining('tokens.json') as string,
    });
  });

  it('goes on with whom it knows while the file is damaged', async () => {
    const tokens = await open();
    const { text } = await tokens.create({ scope: 'read', expiresAt: inADay(), name: 'anna' });
    await writeFile(join(dir, 'tokens.json'), '{"tok');
    clock += 5_000;
    expect(await tokens.authenticate(text)).toMatchObject({ name: 'anna' });
    await expect(tokens.create({ scope: 'read', expiresAt: inADay(), name: 'bob' })).rejects.toMatchObject({
      code: 'E_CONFIG',
    });
  });
});

describe('scopes', () => {
  const wide: Record<Scope, readonly Scope[]> = {
    ingest: ['ingest'],
    metrics: ['metrics'],
    read: ['metrics', 'read'],
    triage: ['metrics', 'read', 'triage'],
    act: ['metrics', 'read', 'triage', 'act'],
    admin: SCOPES,
  };
  it.each(
    SCOPES.flatMap((has) => SCOPES.map((needs) => ({ has, needs, isEnough: wide[has].includes(needs) }))),
  )('$has for what needs $needs: $isEnough', ({ has, needs, isEnough }) => {
    expect(includesScope(has, needs)).toBe(isEnough);
  });
});
