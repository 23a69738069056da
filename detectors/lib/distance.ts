import type { Place } from '../detector.ts';

const EARTH_RADIUS_KM = 6_371;
const RADIANS = Math.PI / 180;

export type Point = Pick<Place, 'latitude' | 'longitude' | 'radiusKm'>;

/** Great-circle distance. */
function distanceKm(a: Point, b: Point): number {
  const dLat = (b.latitude - a.latitude) * RADIANS;
  const dLon = (b.longitude - a.longitude) * RADIANS;
  const h =
    Math.sin(dLat / 2) ** 2 +
    Math.cos(a.latitude * RADIANS) * Math.cos(b.latitude * RADIANS) * Math.sin(dLon / 2) ** 2;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The least two approximate places can be apart. */
export function sureDistanceKm(a: Point, b: Point): number {
  return Math.max(0, distanceKm(a, b) - a.radiusKm - b.radiusKm);
}
