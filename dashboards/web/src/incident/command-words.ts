import type { CommandName } from './available-commands.ts';

interface CommandWords {
  button: string;
  style: '' | 'primary' | 'danger';
  /** Set for commands that ask before they are sent. */
  question?: { title: string; explanation: string };
  progress: string;
}

const BLOCKING =
  'The gateway is asked to refuse every call with this key, the owner’s too. The key is not deleted: Restore undoes it.';

export const COMMANDS: Readonly<Record<CommandName, CommandWords>> = {
  acknowledge: { button: 'Acknowledge', style: '', progress: 'Acknowledging…' },
  resolve: {
    button: 'Resolve',
    style: '',
    question: {
      title: 'What was it?',
      explanation:
        'The verdict teaches gatewatch what is normal for this key. It changes nothing at the gateway.',
    },
    progress: 'Resolving…',
  },
  reopen: { button: 'Reopen', style: '', progress: 'Reopening…' },
  block: {
    button: 'Block key',
    style: 'danger',
    question: { title: 'Block this key?', explanation: BLOCKING },
    progress: 'Blocking: asking the gateway…',
  },
  restore: {
    button: 'Restore key',
    style: 'danger',
    question: {
      title: 'Restore this key?',
      explanation:
        'The gateway accepts calls with this key again, whoever makes them. For a while the same evidence does not block it again. Never restore a key that a stranger had.',
    },
    progress: 'Restoring: asking the gateway…',
  },
  approve: {
    button: 'Approve block',
    style: 'danger',
    question: { title: 'Approve the block?', explanation: BLOCKING },
    progress: 'Approving: asking the gateway…',
  },
  deny: { button: 'Deny block', style: '', progress: 'Denying…' },
};
