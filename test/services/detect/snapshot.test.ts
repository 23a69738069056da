import { describe, expect, it } from 'vitest';
import { createCore } from '../../../detectors/core.ts';
import type { KeyId } from '../../../detectors/event.ts';
import { Snapshot } from '../../../services/detect/snapshot.ts';
import { Pace } from '../../../services/pace.ts';
import { anEvent } from '../../support/events.ts';

const NOWHERE = { place: undefined, network: undefined };
const keyIds = Array.from({ length: 300 }, (_, index) => index.toString(16).padStart(64, '0') as KeyId);

function aBusyCore() {
  const core = createCore({
    partition: 0,
    partitions: 1,
    learningMs: 0,
    maxKeys: 1_000,
    maxReadyKeys: 1_000,
  });
  const judgeAll = () => {
    for (const keyId of keyIds) core.judge(anEvent({ keyId }), NOWHERE);
  };
  judgeAll();
  return { core, judgeAll };
}

/** Every entry as it is now. */
function pictureOf(core: ReturnType<typeof createCore>, names: Iterable<string>) {
  return new Map([...names].map((name) => [name, core.save(name)]));
}

describe('a snapshot', () => {
  it('is of the moment it was begun at, whatever is judged until it is finished', async () => {
    const { core, judgeAll } = aBusyCore();
    const names = core.takeChanged();
    const before = pictureOf(core, names);
    judgeAll();
    core.takeChanged();
    const snapshot = new Snapshot(core, names);
    const wanted = pictureOf(core, names);
    const finished = snapshot.finish(new Pace());
    for (const keyId of keyIds) {
      snapshot.beforeChange(keyId);
      core.judge(anEvent({ keyId }), NOWHERE);
    }
    await finished;
    expect(snapshot.changed).toEqual(wanted);
    expect(snapshot.changed).not.toEqual(before);
    expect(pictureOf(core, names)).not.toEqual(wanted);
  });

  it('takes in what changed, and what an earlier one could not save, each once', async () => {
    const { core } = aBusyCore();
    const names = core.takeChanged();
    for (const keyId of keyIds.slice(0, 1)) core.judge(anEvent({ keyId }), NOWHERE);
    const snapshot = new Snapshot(core, names);
    await snapshot.finish(new Pace());
    expect([...snapshot.changed.keys()].sort()).toEqual([...names].sort());
  });
});
