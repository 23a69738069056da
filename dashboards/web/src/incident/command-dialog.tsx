import { useState } from 'react';
import type { CommandRequest, IncidentDetail } from '../../../../services/api/schema.ts';
import { Ask } from '../ask.tsx';
import { whose } from '../whose.ts';
import { VERDICTS } from '../words.ts';
import type { CommandName } from './available-commands.ts';
import { COMMANDS } from './command-words.ts';

type Verdict = NonNullable<CommandRequest['verdict']>;
const VERDICT_NAMES = ['attack', 'ours', 'planned', 'unclear'] as const satisfies readonly Verdict[];
const MAX_NOTE = 2_000;

interface CommandDialogProps {
  command: CommandName;
  incident: IncidentDetail;
  send: (request: CommandRequest) => Promise<void>;
  onClose: () => void;
}

export function CommandDialog({ command, incident, send, onClose }: CommandDialogProps) {
  const [verdict, setVerdict] = useState<Verdict>();
  const [note, setNote] = useState('');
  const { button, style, question } = COMMANDS[command];
  const isResolve = command === 'resolve';

  const confirm = () =>
    send({ command, note: note.trim(), ...(isResolve && verdict !== undefined ? { verdict } : {}) });

  return (
    <Ask
      title={question?.title ?? button}
      confirm={button}
      isDangerous={style === 'danger'}
      onConfirm={confirm}
      onClose={onClose}
    >
      <p className="dim">{whose(incident)}</p>
      <p>{question?.explanation}</p>
      {isResolve && (
        <fieldset>
          <legend>Verdict</legend>
          {VERDICT_NAMES.map((name) => (
            <label key={name} className="choice">
              <input
                type="radio"
                name="verdict"
                value={name}
                required
                checked={verdict === name}
                onChange={() => setVerdict(name)}
              />
              {VERDICTS[name]}
            </label>
          ))}
        </fieldset>
      )}
      <label className="field">
        Note (optional)
        <textarea
          rows={2}
          maxLength={MAX_NOTE}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </label>
    </Ask>
  );
}
