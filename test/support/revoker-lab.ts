import { startFakeGateway } from '../../services/demo/fake-gateway.ts';

const NARROW = ['/key/block', '/key/unblock', '/key/info'];

/** A fake gateway and a credential at it, of an administrator unless `routes` restrict it. */
export async function openGatewayLab(routes?: readonly string[]) {
  let time = Date.now();
  const gateway = await startFakeGateway({ now: () => time });
  const credential =
    routes === undefined
      ? gateway.masterKey
      : gateway.createKey({ alias: 'gatewatch', user: 'gatewatch', isAdmin: true, allowedRoutes: routes })
          .key;
  return {
    gateway,
    credential,
    now: () => time,
    advance: (ms: number) => {
      time += ms;
    },
  };
}

/** What a key for gatewatch should be allowed, and nothing else. */
export const openNarrowLab = () => openGatewayLab(NARROW);
