import { get } from '../api.ts';
import type { SystemStatus } from '../../../../services/api/schema.ts';
import { usePolled } from '../use-polled.ts';

const EVERY_MS = 5_000;
const load = (signal: AbortSignal) => get<SystemStatus>('/v1/status', signal);

export function useStatus() {
  return usePolled(load, EVERY_MS);
}
