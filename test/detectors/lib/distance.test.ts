import { expect, it } from 'vitest';
import { sureDistanceKm } from '../../../detectors/lib/distance.ts';

const berlin = { latitude: 52.52, longitude: 13.4, radiusKm: 250 };
const madrid = { latitude: 40.42, longitude: -3.7, radiusKm: 250 };

it('takes both radii off, because both places may be wrong', () => {
  expect(sureDistanceKm(berlin, madrid)).toBeGreaterThan(1_360);
  expect(sureDistanceKm(berlin, madrid)).toBeLessThan(1_380);
});

it('is nothing between a place and a whole country', () => {
  expect(sureDistanceKm(berlin, { ...madrid, radiusKm: 2_000 })).toBe(0);
});
