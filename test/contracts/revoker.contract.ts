import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeyId } from '../../detectors/event.ts';
import type { Revoker } from '../../services/revokers/revoker.ts';

/** What may stand between us and a gateway. */
export type Trouble =
  | 'refuses our credential'
  | 'lets our credential do nothing'
  | 'fails'
  | 'is away'
  | 'does not answer'
  | 'redirects'
  | 'answers nonsense'
  | 'answers without end';

/** A gateway with keys, seen from both sides. */
export interface RevokerLab {
  revoker: Revoker;
  /** A key in use, as its owner and as the gateway's log know it. */
  newKey(alias: string): Promise<{ key: string; keyId: KeyId }>;
  /** Whether a caller with the key is served. */
  isServed(key: string): Promise<boolean>;
  expire(keyId: KeyId): Promise<void>;
  remove(keyId: KeyId): Promise<void>;
  trouble(trouble: Trouble): Promise<void>;
  /** All that the gateway keeps, as text. */
  state(): string;
  dispose(): Promise<void>;
}

const signal = () => new AbortController().signal;
const nobodys = '9'.repeat(64) as KeyId;

export function describeRevoker(name: string, createLab: () => Promise<RevokerLab>): void {
  describe(`revoker contract: ${name}`, () => {
    let lab: RevokerLab;
    beforeEach(async () => {
      lab = await createLab();
    });
    afterEach(() => lab.dispose());

    it('takes a key out of service by the id of the log, and gives it back', async () => {
      const { key, keyId } = await lab.newKey('search-prod');
      expect(await lab.isServed(key)).toBe(true);
      await lab.revoker.block(keyId, 'inc_1', signal());
      expect(await lab.isServed(key)).toBe(false);
      expect(await lab.revoker.inspect(keyId, signal())).toMatchObject({
        state: 'blocked',
        keyAlias: 'search-prod',
      });
      await lab.revoker.restore(keyId, 'inc_1', signal());
      expect(await lab.isServed(key)).toBe(true);
      expect(await lab.revoker.inspect(keyId, signal())).toMatchObject({ state: 'active' });
    });

    it('does the same twice without harm', async () => {
      const { key, keyId } = await lab.newKey('search-prod');
      for (const _again of [1, 2]) await lab.revoker.block(keyId, 'inc_1', signal());
      expect(await lab.isServed(key)).toBe(false);
      for (const _again of [1, 2]) await lab.revoker.restore(keyId, 'inc_1', signal());
      expect(await lab.isServed(key)).toBe(true);
    });

    it('says how a key is: expired, deleted, unknown', async () => {
      const expired = await lab.newKey('expired');
      await lab.expire(expired.keyId);
      expect(await lab.revoker.inspect(expired.keyId, signal())).toMatchObject({ state: 'expired' });
      const deleted = await lab.newKey('deleted');
      await lab.remove(deleted.keyId);
      expect(await lab.revoker.inspect(deleted.keyId, signal())).toMatchObject({ state: 'deleted' });
      expect(await lab.revoker.inspect(nobodys, signal())).toEqual({ state: 'unknown' });
    });

    it.each([
      { story: 'a key that nobody has', keyId: nobodys },
      { story: 'a credential of somebody else', keyId: 'foreign:0123456789abcdef' as KeyId },
      { story: 'no id at all', keyId: '' as KeyId },
    ])('has nothing to block for $story, and says so for good', async ({ keyId }) => {
      await expect(lab.revoker.block(keyId, 'inc_1', signal())).rejects.toMatchObject({
        code: 'E_REVOKER_UNKNOWN_KEY',
      });
      expect(await lab.revoker.inspect(keyId, signal())).toEqual({ state: 'unknown' });
    });

    it.each([
      { trouble: 'refuses our credential', code: 'E_REVOKER_DENIED' },
      { trouble: 'lets our credential do nothing', code: 'E_REVOKER_DENIED' },
      { trouble: 'redirects', code: 'E_REVOKER_DENIED' },
      { trouble: 'fails', code: 'E_REVOKER_UNAVAILABLE' },
      { trouble: 'is away', code: 'E_REVOKER_UNAVAILABLE' },
      { trouble: 'does not answer', code: 'E_REVOKER_UNAVAILABLE' },
      { trouble: 'answers nonsense', code: 'E_REVOKER_UNAVAILABLE' },
      { trouble: 'answers without end', code: 'E_REVOKER_UNAVAILABLE' },
    ] as const)('fails with $code when the gateway $trouble', async ({ trouble, code }) => {
      const { keyId } = await lab.newKey('search-prod');
      await lab.trouble(trouble);
      await expect(lab.revoker.block(keyId, 'inc_1', signal())).rejects.toMatchObject({ code });
      await expect(lab.revoker.restore(keyId, 'inc_1', signal())).rejects.toMatchObject({ code });
      await expect(lab.revoker.inspect(keyId, signal())).rejects.toMatchObject({ code });
    });

    it('gives up at once when its caller does', async () => {
      const { keyId } = await lab.newKey('search-prod');
      await lab.trouble('does not answer');
      const caller = new AbortController();
      const blocking = lab.revoker.block(keyId, 'inc_1', caller.signal);
      caller.abort();
      await expect(blocking).rejects.toMatchObject({ code: 'E_REVOKER_UNAVAILABLE' });
    });

    it('mints a canary that can do nothing and does not say what it is', async () => {
      const { keyId, plaintext } = await lab.revoker.createCanary('wiki page of the build team', signal());
      expect(await lab.isServed(plaintext)).toBe(false);
      const canary = await lab.revoker.inspect(keyId, signal());
      expect(canary).toMatchObject({ state: 'active' });
      expect(JSON.stringify(canary)).not.toMatch(/canary|wiki|gatewatch|honey/i);
      const other = await lab.revoker.createCanary('wiki page of the build team', signal());
      expect(other.plaintext).not.toBe(plaintext);
    });

    it('changes nothing while it looks for what is wrong, and finds nothing wrong with a good gateway', async () => {
      const { key } = await lab.newKey('search-prod');
      const before = lab.state();
      const found = await lab.revoker.diagnose(signal());
      expect(found.filter(({ level }) => level === 'problem')).toEqual([]);
      expect(found.length).toBeGreaterThan(0);
      expect(lab.state()).toBe(before);
      expect(await lab.isServed(key)).toBe(true);
    });

    it.each([
      'refuses our credential',
      'lets our credential do nothing',
      'fails',
      'is away',
      'does not answer',
      'redirects',
      'answers nonsense',
    ] as const)('finds the problem when the gateway %s', async (trouble) => {
      await lab.trouble(trouble);
      const found = await lab.revoker.diagnose(signal());
      expect(found.filter(({ level }) => level === 'problem').length).toBeGreaterThan(0);
    });
  });
}
