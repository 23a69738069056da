/** The words of the API in the words of people. A word that is not listed is shown as it is. */
type Words = Readonly<Record<string, string>>;

export const KINDS: Words = { leaked_key: 'Leaked key', geo: 'Wrong place', spend: 'Spend' };

export const SEVERITIES: Words = {
  critical: 'Critical',
  high: 'High',
  medium: 'Medium',
  low: 'Low',
  info: 'Info',
};

export const STATUSES: Words = { open: 'Open', acknowledged: 'Acknowledged', resolved: 'Resolved' };

export const VERDICTS: Words = {
  attack: 'Attack: somebody else used the key',
  ours: 'Ours: it was us',
  planned: 'Planned: known beforehand',
  unclear: 'Unclear',
};

export const FAMILIES: Words = {
  network: 'Network and place',
  concurrency: 'Used in two places at once',
  client: 'Calling program',
  model: 'Models',
  hour: 'Time of day',
  spend: 'Spend',
  volume: 'Number of calls',
  probe: 'Probing',
  leak: 'Known leak',
  policy: 'Policy',
};

export const MODES: Words = {
  observe: 'Observe: gatewatch never acts by itself.',
  certain: 'Certain: gatewatch blocks a key by itself only on certain evidence.',
  enforce:
    'Enforce: gatewatch blocks a key on certain evidence, or on three independent families of evidence.',
};

/** In the list: one or two words. "Blocked" is said only once it is proven. */
export const CONTAINMENTS: Words = {
  none: '',
  requested: 'Block requested',
  sent: 'Block sent',
  accepted: 'Block accepted, not proven',
  verified: 'Blocked',
  failed: 'Block failed',
  restored: 'Restored',
  simulated: 'Would be blocked',
};

export const CERTAINTIES: Words = {
  'canary-used': 'Certain: a canary key was used',
  'leak-in-use': 'Certain: a leaked key is in use',
  'used-after-revocation': 'Certain: used after it was blocked',
};

export const DECISIONS: Words = {
  none: 'Write it down only.',
  notify: 'Tell people, do nothing at the gateway.',
  ask: 'Wait for a person: approve or deny the block.',
  block: 'Block the key.',
};

/** Why something was decided or done at the gateway. */
export const REASONS: Words = {
  import: 'These are recorded calls brought in afterwards: they teach, but never act.',
  'too-old': 'The calls came in more than 15 minutes late; what is old never acts.',
  'not-one-key': 'This is about a team or a user: there is no single key to block.',
  'never-list': 'This credential is never blocked by gatewatch.',
  'observe-mode': 'In mode observe gatewatch never acts.',
  'blocked-already': 'The key is blocked already, or its block is under way.',
  'block-failed': 'The last block did not succeed, and is not repeated by itself.',
  'too-weak': 'The evidence is too weak to disturb anybody.',
  'needs-more-evidence': 'The evidence is neither certain, nor of three independent families.',
  'needs-a-person': 'The evidence is strong, but in mode certain only certain evidence blocks.',
  learning: 'The key is new and still being learned: behaviour alone does not block it.',
  forgiven: 'A person has answered this evidence by a restore or a denial.',
  protected: 'The key is on the list of protected keys.',
  frozen: 'Automatic actions are frozen.',
  breaker: 'Many keys met the same new network at once, so automatic actions stopped.',
  'caps-10-minutes': 'The cap on automatic blocks within 10 minutes is reached.',
  'caps-hour': 'The cap on automatic blocks within an hour is reached.',
  'caps-day': 'The cap on automatic blocks within a day is reached.',
  'caps-fleet': 'The cap on the share of all keys blocked within an hour is reached.',
  'caps-team': 'The cap on the share of this team’s keys is reached.',
  denied: 'A person denied the block.',
  approved: 'A person approved it.',
  'asked-by-a-person': 'A person asked for it.',
  'certain-evidence': 'The evidence is certain and needs no weighing.',
  'three-families': 'Three independent families of evidence speak against the owner.',
};

/** Entries of the timeline whose name says too little. */
export const CHANGES: Words = {
  evidence: 'More evidence',
  'decided-none': 'Decided to do nothing more',
  'decided-notify': 'Decided to tell people',
  'decided-ask': 'Decided to wait for a person',
  'decided-block': 'Decided to block the key',
  'success-after-block': 'A call succeeded after the block',
};

export const ACTION_STATES: Words = {
  requested: 'requested',
  sent: 'sent, answer awaited',
  accepted: 'accepted, not proven',
  verified: 'proven',
  failed: 'failed',
  refused: 'refused',
  simulated: 'simulated',
};

export function say(words: Words, word: string): string {
  return words[word] ?? word;
}
