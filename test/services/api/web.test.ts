import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApi } from '../../support/api.ts';

describe('the page', () => {
  let dir: string;
  let webRoot: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'gatewatch-web-'));
    webRoot = join(dir, 'web');
    await mkdir(join(webRoot, 'assets'), { recursive: true });
    await writeFile(join(webRoot, 'index.html'), '<!doctype html><title>gatewatch</title>');
    await writeFile(join(webRoot, 'assets', 'index-a1b2c3.js'), 'export {};');
    await writeFile(join(dir, 'secret.txt'), 'not for the world');
  });
  afterAll(() => rm(dir, { recursive: true }));

  it('is served to everybody, and asked for anew each time', async () => {
    await using api = await openApi({ webRoot });
    const answer = await api.app.inject('/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.body).toContain('gatewatch');
  });

  it('keeps its built files in the browser', async () => {
    await using api = await openApi({ webRoot });
    const answer = await api.app.inject('/assets/index-a1b2c3.js');
    expect(answer.headers['content-type']).toContain('javascript');
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each([
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/assets/',
    '/index',
    '/.env',
  ])('serves nothing else: %s', async (url) => {
    await using api = await openApi({ webRoot });
    const answer = await api.app.inject(url);
    expect(answer.statusCode).toBe(404);
    expect(answer.body).not.toContain('not for the world');
  });

  it('says what to do when it was not built', async () => {
    await using api = await openApi({ webRoot: join(dir, 'nowhere') });
    const answer = await api.app.inject('/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toContain('text/plain');
    expect(answer.body).toContain('npm run build');
  });
});
