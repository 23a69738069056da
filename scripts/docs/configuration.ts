import type { Setting } from '../../services/settings.ts';
import { code, madeFrom, page, table } from './markdown.ts';

const INTRO = `Settings come from the environment, from a file, or both; the environment wins. The file is \`gatewatch.yaml\` in any
place, named by \`--config FILE\` or \`GATEWATCH_CONFIG\`. All settings are checked together at the start, which names
every mistake at once; a setting that does not exist is a mistake too. Nothing is read again while gatewatch runs.

A setting marked *secret* may also be given as \`NAME_FILE\`, the path of a file that holds it. Prefer that: the
environment of a process is easy to read.`;

const EXAMPLE = `\`\`\`yaml
listen: 127.0.0.1:8787
mode: certain
gateways:
  - name: litellm
    type: litellm
    url: http://127.0.0.1:4000
    key: sk-a-key-that-may-only-block-unblock-and-read-keys
response:
  caps: { per10min: 3, perHour: 10, perDay: 20, fleetPercent: 2, teamPercent: 25 }
  protected: [checkout-prod]
  graceHours: 24
notify:
  mail: { url: "smtp://user:password@mail.example.com:587", to: [oncall@example.com], from: gatewatch@example.com }
trustedProxies: [10.0.0.0/8]
\`\`\``;

const COMMAND_LINE = `## What the command line reads

Commands that talk to a running gatewatch (\`freeze\`, \`leak\`, \`canary\`, \`sql\`, \`doctor\`) find the one that runs on the same data
folder by themselves. To reach another, set \`GATEWATCH_URL\` and \`GATEWATCH_TOKEN\`. \`token create\` and \`audit verify\` work on the
data folder itself, whether gatewatch runs or not: a running one takes a new token at once. \`GATEWATCH_CONFIG\` stands for \`--config\`.`;

/** Page of all settings, in the order of their table. */
export function configurationPage(settings: readonly Setting[]): string {
  const rows = settings.map(({ env, path, default: fallback, about, secret }) => [
    env === undefined ? '' : code(env),
    code(path),
    fallback,
    secret === true ? `${about} *Secret.*` : about,
  ]);
  return page(
    madeFrom('services/settings.ts'),
    '# Settings',
    INTRO,
    table(['environment', 'in the file', 'default', 'meaning'], rows),
    '## Example',
    EXAMPLE,
    COMMAND_LINE,
  );
}
