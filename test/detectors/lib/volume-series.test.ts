import { expect, it } from 'vitest';
import { VolumeSeries } from '../../../detectors/lib/volume-series.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 7, 31);

it('a flood raises what counts as the largest hour to twice as much at most', () => {
  const series = new VolumeSeries(new Float32Array(VolumeSeries.FLOATS), 0);
  const hours = (from: number, count: number, calls: number) => {
    for (let call = 0; call < count * calls; call += 1) {
      const ts = START + from * HOUR + (call * HOUR) / calls;
      series.moveTo(ts, false);
      series.add('calls', ts, 1, false);
    }
  };
  hours(0, 10 * 24, 4);
  hours(10 * 24, 24, 400);
  series.moveTo(START + 11 * 24 * HOUR, false);
  expect(series.volume('calls').peak).toBeLessThanOrEqual(2 * 4);
});
