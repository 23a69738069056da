import { useEffect, useId, useRef, useState } from 'react';
import type { ReactNode, SyntheticEvent } from 'react';
import { messageOf } from './api.ts';

interface AskProps {
  title: string;
  /** What the button says that does it. */
  confirm: string;
  isDangerous?: boolean;
  /** Closes when it resolves; when it rejects, the reason is shown and the question stays. */
  onConfirm: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
}

/** A question before something is done. The browser keeps the focus inside; Escape means no. */
export function Ask({ title, confirm, isDangerous = false, onConfirm, onClose, children }: AskProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);

  useEffect(() => {
    const shown = dialog.current;
    shown?.showModal();
    return () => shown?.close();
  }, []);

  // React's double start in development closes and opens again before this is heard.
  const whenClosed = () => {
    if (dialog.current?.open === false) onClose();
  };
  const run = async () => {
    setIsBusy(true);
    setError('');
    try {
      await onConfirm();
      onClose();
    } catch (failure) {
      setError(messageOf(failure));
      setIsBusy(false);
    }
  };
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void run();
  };

  return (
    <dialog ref={dialog} aria-labelledby={titleId} onClose={whenClosed}>
      <form onSubmit={submit}>
        <h2 id={titleId}>{title}</h2>
        {children}
        {error !== '' && (
          <p className="error" role="alert">
            {error}
          </p>
        )}
        <div className="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button className={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'Sending…' : confirm}
          </button>
        </div>
      </form>
    </dialog>
  );
}
