import { afterEach, describe, expect, it, vi } from 'vitest';
import { AuditQueue } from '../../../../services/respond/outboxes/audit-queue.ts';
import { MemoryAudit } from '../../../support/memory-audit.ts';
import { quietLog } from '../../../support/quiet.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

describe('an action whose audit record cannot be written for now', () => {
  it('waits for five minutes, and is refused then', async () => {
    const audit = new MemoryAudit();
    audit.isAway = true;
    let nowMs = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const queue = new AuditQueue({
      ...{ audit, journal: { set: () => undefined } as never, log: quietLog },
      onRecord: () => undefined,
    });
    const tried = vi.spyOn(audit, 'append');
    const entry = { actor: 'policy', action: 'block-requested', target: 'k', incidentId: 'i', detail: {} };
    const writing = queue.write({ ts: 1, ...entry });
    let refused = false;
    const refusal = writing.catch(() => (refused = true));
    await vi.waitFor(() => expect(tried).toHaveBeenCalledTimes(1));
    nowMs += 5 * 60_000 - 1;
    await vi.waitFor(() => expect(tried).toHaveBeenCalledTimes(2), 5_000);
    expect(refused).toBe(false);
    nowMs += 2;
    await refusal;
    expect(refused).toBe(true);
    await queue.close();
  });
});
