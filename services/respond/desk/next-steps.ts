import type { FailureCode } from './effects.ts';

type Button = 'Block' | 'Restore';

/** What a person does about an action that came to nothing. */
const NEXT_STEP: Record<FailureCode, (button: Button) => string> = {
  'audit-unavailable': (button) =>
    `Make room on the disk of the data folder, then press ${button} on the incident.`,
  'no-gateway': (button) =>
    `Name the gateway in the settings (gateways), then press ${button} on the incident.`,
  'gateway-unavailable': (button) =>
    `When the gateway answers again, press ${button} on the incident, or do it there by hand.`,
  'gateway-denied': (button) =>
    `Give our credential the right to block, unblock and read keys, then press ${button} on the incident.`,
  'unknown-key': () => 'Find out where these log lines come from: the gateway does not know the key.',
  'not-active': () => 'Nothing more: the gateway does not serve this key any more.',
  'log-integrity': (button) =>
    `Compare the key at the gateway with the log. If it is the right one, press ${button} on the incident.`,
  'read-back-disagrees': (button) => `${button} the key at the gateway by hand, and run gatewatch doctor.`,
  'too-old': (button) => `If it is still needed, press ${button} on the incident.`,
  frozen: (button) => `Automatic actions are frozen. Press ${button} on the incident if it cannot wait.`,
  cancelled: () => '',
};

export function nextStepAfter(code: FailureCode, kind: 'block' | 'restore'): string {
  return NEXT_STEP[code](kind === 'block' ? 'Block' : 'Restore');
}
