import { randomBytes } from 'node:crypto';
import { openServerParts, openServerStore } from '../../../services/stores/server.ts';
import type { Secret } from '../../../services/secret.ts';
import type { StoreLab } from '../../contracts/store.contract.ts';
import { quietLog } from '../quiet.ts';

interface Server {
  url(database: string): Secret;
  cluster?: string;
}

/** Stores on one server, each in a database of its own, which is dropped at the end. */
export function storeLabs({ url: urlOf, cluster }: Server): () => Promise<StoreLab> {
  return () => {
    const database = `gatewatch_test_${randomBytes(6).toString('hex')}`;
    const options = { url: urlOf(database), cluster, log: quietLog };
    return Promise.resolve({
      database,
      open: ({ retentionDays = 90 } = {}) => openServerStore({ ...options, retentionDays }),
      dispose: async () => {
        const parts = await openServerParts(options);
        const everywhere = cluster === undefined ? '' : ` ON CLUSTER \`${cluster}\``;
        await parts.command(`DROP DATABASE IF EXISTS ${database}${everywhere} SYNC`);
        await parts.close();
      },
    });
  };
}
