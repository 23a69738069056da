import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyId } from '../../../detectors/event.ts';
import { openLocalDoor } from '../../../services/api/local-door.ts';
import type { LocalDoor } from '../../../services/api/local-door.ts';
import { ApiClient, overSocket } from '../../../services/cli/api-client.ts';
import { openApi, tokenOf } from '../../support/api.ts';
import type { TestApi } from '../../support/api.ts';

const PLACE = { gateway: 'litellm', place: 'build server' };

describe('the door for the command line of a responder that has no port for it', () => {
  let api: TestApi;
  let door: LocalDoor;
  const asked: unknown[] = [];

  beforeEach(async () => {
    api = await openApi();
    const createCanary = (request: unknown) => {
      asked.push(request);
      return Promise.resolve({ key: 'sk-canary', keyId: 'ab'.repeat(32) as KeyId });
    };
    // What a process left that was killed.
    writeFileSync(join(api.dir, 'local.sock'), '');
    door = await openLocalDoor(api.dir, { ...api.deps, createCanary });
  });

  afterEach(async () => {
    await door.close();
    await api[Symbol.asyncDispose]();
    asked.length = 0;
  });

  const client = (scope: 'act' | 'read') =>
    new ApiClient('http://127.0.0.1:1', tokenOf(scope), overSocket(door.path));

  it('mints canaries', async () => {
    expect(await client('act').post('/v1/canaries', PLACE)).toEqual({
      key: 'sk-canary',
      key_id: 'ab'.repeat(32),
    });
    expect(asked).toEqual([{ ...PLACE, actor: expect.stringContaining('act of the test') as string }]);
  });

  it('asks for a token all the same', async () => {
    await expect(client('read').post('/v1/canaries', PLACE)).rejects.toMatchObject({ code: 'E_FORBIDDEN' });
    const stranger = new ApiClient('http://127.0.0.1:1', 'somebody', overSocket(door.path));
    await expect(stranger.post('/v1/canaries', PLACE)).rejects.toMatchObject({ code: 'E_UNAUTHORIZED' });
    expect(asked).toEqual([]);
  });

  it('has nothing else behind it', async () => {
    await expect(client('act').get('/v1/incidents')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  });

  it('is open to the owner of the data folder only', () => {
    expect(statSync(door.path).mode & 0o777).toBe(0o600);
  });

  it('says what to do when the folder is too deep for a socket', async () => {
    const opening = openLocalDoor(`/tmp/${'deep/'.repeat(20)}`, { ...api.deps, createCanary: undefined });
    await expect(opening).rejects.toThrow(/too long for a socket. Set GATEWATCH_DATA_DIR/);
  });

  it('says when nobody listens there', async () => {
    await door.close();
    await expect(client('act').post('/v1/canaries', PLACE)).rejects.toMatchObject({ code: 'E_BUSY' });
  });
});
