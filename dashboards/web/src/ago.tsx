import { ago, utc } from './format.ts';
import { useNow } from './use-now.ts';

const EVERY_MS = 5_000;

export function Ago({ time }: { time: string }) {
  const now = useNow(EVERY_MS);
  return (
    <time dateTime={time} title={utc(time)}>
      {ago(time, now)}
    </time>
  );
}
