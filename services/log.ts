import type { Logger } from 'pino';
import { pino } from 'pino';

export type Log = Logger;

/** JSON lines on stderr. Messages are constant sentences; what varies is a field. */
export function createLog(level: string): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: {
        paths: ['*.authorization', '*.key', '*.token', '*.password', '*.secret'],
        censor: '[secret]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}
