import type { Config } from '../../config.ts';
import { parseListen } from '../../listen-address.ts';
import { note, ok, warning } from './advice.ts';
import type { Advice } from './advice.ts';

/** What is wrong with settings that are all valid, each by itself. */
export function checkSettings(config: Config): Advice[] {
  return [
    ok(`Settings are read: mode ${config.mode}, data in ${config.dataDir}.`),
    ...checkMode(config),
    ...checkAddress(config),
    ...checkPeople(config),
  ];
}

function checkMode({ mode, gateways, response }: Config): Advice[] {
  const found: Advice[] = [];
  if (gateways.length === 0) {
    found.push(
      warning(
        'No gateway is set, so no key can be blocked. Set GATEWATCH_LITELLM_URL and GATEWATCH_LITELLM_KEY.',
      ),
    );
  } else if (mode === 'observe')
    found.push(note('Mode is observe: nothing is ever blocked by itself, people decide.'));
  if (mode === 'enforce' && response.protected.length === 0) {
    found.push(
      warning(
        'Mode is enforce, and response.protected is empty. List the keys that must never be blocked automatically.',
      ),
    );
  }
  return found;
}

function checkAddress({ listen, publicUrl, notify }: Config): Advice[] {
  const found: Advice[] = [];
  const { host } = parseListen(listen);
  const isHere = host === 'localhost' || host === '::1' || host.startsWith('127.');
  if (!isHere && publicUrl?.startsWith('https:') !== true) {
    found.push(
      warning(
        `It listens on ${listen} for other machines, without encryption: tokens and logs can be read on the way. Put a proxy with TLS before it, and set GATEWATCH_PUBLIC_URL to its https address.`,
      ),
    );
  }
  const tells = notify.mail !== undefined || notify.webhook !== undefined;
  if (tells && publicUrl === undefined) {
    found.push(
      warning(
        'Links in messages lead to the listen address, which other machines cannot open. Set GATEWATCH_PUBLIC_URL.',
      ),
    );
  }
  return found;
}

function checkPeople({ notify }: Config): Advice[] {
  if (notify.mail !== undefined || notify.webhook !== undefined) return [];
  return [
    warning(
      'Nobody is told of incidents. Set GATEWATCH_SMTP_URL and GATEWATCH_MAIL_TO, or GATEWATCH_WEBHOOK_URL and GATEWATCH_WEBHOOK_SECRET.',
    ),
  ];
}
