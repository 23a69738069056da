import { useCallback, useEffect, useRef, useState } from 'react';

export interface Polled<Data> {
  data: Data | undefined;
  /** Why the newest try failed; the data shown is then the last that came. */
  error: Error | undefined;
  refresh: () => void;
}

/** Loads now and again every `everyMs`, not while the tab is hidden. An unchanged answer changes nothing on the
 *  page, and a new `load` keeps the old data until its own arrive, so nothing flickers. */
export function usePolled<Data>(load: (signal: AbortSignal) => Promise<Data>, everyMs: number): Polled<Data> {
  const [latest, setLatest] = useState<{ data: Data; text: string }>();
  const [error, setError] = useState<Error>();
  const again = useRef<() => void>(() => undefined);

  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let timer: number | undefined;
    let isLoading = false;
    const loadOnce = async () => {
      try {
        const data = await load(signal);
        if (signal.aborted) return;
        const text = JSON.stringify(data);
        setLatest((old) => (old?.text === text ? old : { data, text }));
        setError(undefined);
      } catch (failure) {
        if (!signal.aborted) setError(failure instanceof Error ? failure : new Error(String(failure)));
      }
    };
    const run = async () => {
      if (isLoading) return;
      isLoading = true;
      clearTimeout(timer);
      await loadOnce();
      isLoading = false;
      if (!signal.aborted && !document.hidden) timer = window.setTimeout(start, everyMs);
    };
    const start = () => void run();
    const startWhenSeen = () => {
      if (!document.hidden) start();
    };
    again.current = start;
    document.addEventListener('visibilitychange', startWhenSeen);
    start();
    return () => {
      controller.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', startWhenSeen);
    };
  }, [load, everyMs]);

  const refresh = useCallback(() => again.current(), []);
  return { data: latest?.data, error, refresh };
}
