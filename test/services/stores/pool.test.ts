import { expect, it } from 'vitest';
import { Pool } from '../../../services/stores/pool.ts';

it('a pool runs a few, lets a few wait in their order, refuses the others, and is idle at the end', async () => {
  const pool = new Pool({ running: 2, waiting: 2 });
  const finish: (() => void)[] = [];
  const started: number[] = [];
  const run = (name: number) =>
    pool.run(() => {
      started.push(name);
      return new Promise<void>((resolve) => finish.push(resolve));
    });
  const works = [0, 1, 2, 3].map(run);
  await expect(run(4)).rejects.toMatchObject({ code: 'E_BUSY' });
  expect(started).toEqual([0, 1]);
  finish[1]?.();
  await works[1];
  await expect.poll(() => started).toEqual([0, 1, 2]);
  let isIdle = false;
  const idle = pool.idle().then(() => (isIdle = true));
  finish[0]?.();
  finish[2]?.();
  await expect.poll(() => started).toEqual([0, 1, 2, 3]);
  expect(isIdle).toBe(false);
  finish[3]?.();
  await idle;
  await Promise.all(works);
});

it('a pool goes on after work that failed', async () => {
  const pool = new Pool({ running: 1, waiting: 0 });
  await expect(pool.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  await expect(pool.run(() => Promise.resolve(1))).resolves.toBe(1);
  await pool.idle();
});
