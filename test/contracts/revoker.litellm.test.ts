import { litellmRevoker } from '../../services/revokers/litellm.ts';
import { Secret } from '../../services/secret.ts';
import { quietLog } from '../support/quiet.ts';
import { openGatewayLab } from '../support/revoker-lab.ts';
import { describeRevoker } from './revoker.contract.ts';
import type { RevokerLab, Trouble } from './revoker.contract.ts';

async function createLab(): Promise<RevokerLab> {
  const { gateway, credential, advance, now } = await openGatewayLab();
  const settings = { name: 'litellm', url: `${gateway.url}/`, key: new Secret(credential) };
  const expiring = new Map<string, () => void>();
  const troubles: Record<Trouble, () => void | Promise<void>> = {
    'refuses our credential': () => gateway.setFaults({ status: 401 }),
    'lets our credential do nothing': () => gateway.setFaults({ status: 403 }),
    fails: () => gateway.setFaults({ status: 500 }),
    'is away': () => gateway.close(),
    'does not answer': () => gateway.setFaults({ isSilent: true }),
    redirects: () => gateway.setFaults({ redirectTo: `${gateway.url}/elsewhere` }),
    'answers nonsense': () => gateway.setFaults({ text: '<html>Welcome</html>' }),
    'answers without end': () => gateway.setFaults({ text: `"${'x'.repeat(1_000_000)}"` }),
  };
  let isClosed = false;
  return {
    revoker: litellmRevoker(settings, { log: quietLog, timeoutMs: 300, now }),
    async newKey(alias) {
      const created = gateway.createKey({ alias, team: 'search', expiresAt: now() + 3_600_000 });
      expiring.set(created.keyId, () => advance(3_600_001));
      return created;
    },
    isServed: async (key) => gateway.call(key, { ip: '192.0.2.7' }) === 200,
    expire: async (keyId) => expiring.get(keyId)?.(),
    remove: async (keyId) => gateway.deleteKey(keyId),
    async trouble(trouble) {
      isClosed = trouble === 'is away';
      await troubles[trouble]();
    },
    state: () => JSON.stringify(gateway.keys),
    dispose: async () => (isClosed ? undefined : gateway.close()),
  };
}

describeRevoker('litellm', createLab);
