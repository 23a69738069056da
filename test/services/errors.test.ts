import { describe, expect, it } from 'vitest';
import { AppError, whyOf } from '../../services/errors.ts';

describe('what a line of the log says of an error', () => {
  it('is its code and why', () => {
    expect(whyOf(new AppError('E_STORE_UNAVAILABLE', 'ClickHouse does not answer.'))).toEqual({
      code: 'E_STORE_UNAVAILABLE',
      reason: 'ClickHouse does not answer.',
    });
  });

  it('is why alone, where there is no code', () => {
    expect(whyOf(new Error('out of luck'))).toEqual({ reason: 'out of luck' });
    expect(whyOf('out of luck')).toEqual({ reason: 'out of luck' });
  });
});
