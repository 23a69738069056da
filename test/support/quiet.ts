import { createLog } from '../../services/log.ts';

/** Logs nothing below an error of our own making. */
export const quietLog = createLog('silent');
