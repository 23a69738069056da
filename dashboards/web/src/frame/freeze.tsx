import { useState } from 'react';
import { post } from '../api.ts';
import { Ask } from '../ask.tsx';

interface FreezeProps {
  frozen: boolean;
  canAct: boolean;
  refresh: () => void;
}

/** The switch that stops every automatic action at once. */
export function Freeze({ frozen, canAct, refresh }: FreezeProps) {
  const [isAsking, setIsAsking] = useState(false);
  const [wanted, setWanted] = useState<boolean>();
  const isWaiting = wanted !== undefined && wanted !== frozen;
  const name = frozen ? 'Unfreeze' : 'Freeze';

  const change = async () => {
    await post('/v1/settings/freeze', { on: !frozen });
    setWanted(!frozen);
    refresh();
  };

  return (
    <>
      <button
        className={frozen ? 'primary' : ''}
        disabled={!canAct || isWaiting}
        title={canAct ? '' : 'Needs a token of scope act.'}
        onClick={() => setIsAsking(true)}
      >
        {isWaiting ? `${wanted ? 'Freezing' : 'Unfreezing'}…` : name}
      </button>
      {isAsking && (
        <Ask
          title={`${name} automatic actions?`}
          confirm={name}
          onConfirm={change}
          onClose={() => setIsAsking(false)}
        >
          <p>
            {frozen
              ? 'gatewatch blocks keys by itself again, as far as its mode allows.'
              : 'gatewatch blocks no key by itself until somebody unfreezes it. It goes on watching and telling; people can still block and restore.'}
          </p>
        </Ask>
      )}
    </>
  );
}
