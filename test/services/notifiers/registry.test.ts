import { expect, it } from 'vitest';
import { createLog } from '../../../services/log.ts';
import { createNotifiers } from '../../../services/notifiers/registry.ts';
import { Secret } from '../../../services/secret.ts';

const parts = { log: createLog('silent'), now: () => 0 };
const mail = { url: new Secret('smtp://127.0.0.1:25'), to: ['oncall@example.com'] };
const webhook = {
  url: 'https://hooks.example.com/',
  secret: new Secret('x'.repeat(24)),
  allowPrivate: false,
};

it.each([
  { story: 'nothing', settings: {}, names: [] },
  { story: 'mail', settings: { mail }, names: ['mail'] },
  { story: 'both', settings: { mail, webhook }, names: ['mail', 'webhook'] },
])('$story set up gives channels $names', ({ settings, names }) => {
  expect(createNotifiers(settings, parts).map(({ name }) => name)).toEqual(names);
});
