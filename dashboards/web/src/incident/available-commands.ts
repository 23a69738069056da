import type { CommandRequest, IncidentDetail } from '../../../../services/api/schema.ts';

export type CommandName = CommandRequest['command'];

type Standing = Pick<IncidentDetail, 'status' | 'containment' | 'key_id' | 'decision' | 'actions'>;

/** Not a team, not a user, not a credential that the gateway does not know, not the key that would lock everybody out. */
export function isBlockable({ key_id: keyId }: Pick<IncidentDetail, 'key_id'>): boolean {
  return keyId !== '' && !keyId.startsWith('foreign:') && keyId !== 'litellm_proxy_master_key';
}

/** The action whose answer from the gateway is awaited. */
export function actionUnderWay({ actions }: Pick<IncidentDetail, 'actions'>) {
  return actions.findLast(({ state }) => state === 'requested' || state === 'sent');
}

/** What makes sense now, the most urgent first. While a restore is under way nothing is offered that would cross it. */
export function availableCommands(incident: Standing): CommandName[] {
  return [...gatewayCommands(incident), ...peopleCommands(incident)];
}

const GATEWAY_COMMANDS: Readonly<Record<IncidentDetail['containment'], readonly CommandName[]>> = {
  none: ['block'],
  simulated: ['block'],
  // The block is called off; what the gateway did already is undone.
  requested: ['restore'],
  sent: ['restore'],
  accepted: ['restore'],
  verified: ['restore'],
  failed: ['block', 'restore'],
  restored: ['block'],
};

function gatewayCommands(incident: Standing): readonly CommandName[] {
  if (!isBlockable(incident) || actionUnderWay(incident)?.kind === 'restore') return [];
  return isWaitingForAnswer(incident) ? ['approve', 'deny'] : GATEWAY_COMMANDS[incident.containment];
}

function isWaitingForAnswer({ status, containment, decision }: Standing): boolean {
  return (
    status !== 'resolved' &&
    decision.action === 'ask' &&
    (containment === 'none' || containment === 'simulated')
  );
}

function peopleCommands({ status }: Standing): CommandName[] {
  switch (status) {
    case 'open':
      return ['acknowledge', 'resolve'];
    case 'acknowledged':
      return ['resolve'];
    case 'resolved':
      return ['reopen'];
  }
}

export function neededScope(command: CommandName): 'triage' | 'act' {
  return command === 'block' || command === 'restore' || command === 'approve' ? 'act' : 'triage';
}

const TARGETS: Partial<Record<CommandName, IncidentDetail['status']>> = {
  acknowledge: 'acknowledged',
  resolve: 'resolved',
  reopen: 'open',
};

/** True once the incident shows what became of a command given when it looked like `before`. */
export function isAnswered(command: CommandName, before: IncidentDetail, now: IncidentDetail): boolean {
  return now.status === TARGETS[command] || newestEntry(now) !== newestEntry(before);
}

/** Long timelines are shortened, so their length says nothing. */
function newestEntry({ timeline }: IncidentDetail): string {
  return JSON.stringify(timeline.at(-1));
}

/** Why the newest command was refused, if it was. */
export function refusalSince(before: IncidentDetail, now: IncidentDetail): string | undefined {
  const newest = now.timeline.at(-1);
  const isNew = newestEntry(now) !== newestEntry(before);
  return isNew && newest?.change === 'command-refused' ? newest.note : undefined;
}
