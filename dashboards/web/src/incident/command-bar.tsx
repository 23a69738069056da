import { useEffect, useState } from 'react';
import type {
  CommandRequest,
  CommandResponse,
  IncidentDetail,
  Session,
} from '../../../../services/api/schema.ts';
import { messageOf, post } from '../api.ts';
import { allows } from '../session.ts';
import { availableCommands, isAnswered, neededScope, refusalSince } from './available-commands.ts';
import type { CommandName } from './available-commands.ts';
import { CommandDialog } from './command-dialog.tsx';
import { COMMANDS } from './command-words.ts';

/** When the result takes longer, the reader is told where to look. */
const PATIENCE_MS = 15_000;

interface CommandBarProps {
  incident: IncidentDetail;
  session: Session;
  path: string;
  onWaiting: (isWaiting: boolean) => void;
}

interface Sent {
  command: CommandName;
  before: IncidentDetail;
}

export function CommandBar({ incident, session, path, onWaiting }: CommandBarProps) {
  const [asking, setAsking] = useState<CommandName>();
  const [sent, setSent] = useState<Sent>();
  const [error, setError] = useState('');
  const waitingFor =
    sent !== undefined && !isAnswered(sent.command, sent.before, incident) ? sent.command : undefined;
  const problem = error === '' ? refusalOf(sent, incident) : error;
  const isLate = useLate(waitingFor !== undefined);
  useEffect(() => onWaiting(waitingFor !== undefined), [onWaiting, waitingFor]);

  const send = async (request: CommandRequest) => {
    setError('');
    await post<CommandResponse>(`${path}/commands`, request);
    setSent({ command: request.command, before: incident });
  };
  const start = (command: CommandName) => {
    if (COMMANDS[command].question !== undefined) {
      setAsking(command);
      return;
    }
    send({ command }).catch((failure: unknown) => setError(messageOf(failure)));
  };

  return (
    <section className="commands" aria-label="Commands">
      <div className="buttons">
        {availableCommands(incident).map((command) => (
          <button
            key={command}
            className={COMMANDS[command].style}
            disabled={waitingFor !== undefined || !allows(session, neededScope(command))}
            title={
              allows(session, neededScope(command)) ? '' : `Needs a token of scope ${neededScope(command)}.`
            }
            onClick={() => start(command)}
          >
            {COMMANDS[command].button}
          </button>
        ))}
      </div>
      <p className="progress" role="status">
        {waitingFor !== undefined && COMMANDS[waitingFor].progress}
        {isLate && ' No result yet. The command is safe in its queue: see the health above.'}
      </p>
      {problem !== '' && (
        <p className="error" role="alert">
          {problem}
        </p>
      )}
      {asking !== undefined && (
        <CommandDialog
          command={asking}
          incident={incident}
          send={send}
          onClose={() => setAsking(undefined)}
        />
      )}
    </section>
  );
}

function refusalOf(sent: Sent | undefined, incident: IncidentDetail): string {
  const refusal = sent === undefined ? undefined : refusalSince(sent.before, incident);
  return refusal === undefined ? '' : `Refused: ${refusal}`;
}

function useLate(isWaiting: boolean): boolean {
  const [isLate, setIsLate] = useState(false);
  useEffect(() => {
    if (!isWaiting) return undefined;
    const timer = setTimeout(() => setIsLate(true), PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      setIsLate(false);
    };
  }, [isWaiting]);
  return isLate;
}
