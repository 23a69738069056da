import type { Place } from '../../detectors/detector.ts';
import type { Address } from './address.ts';

/** Files that the operator mounts over the packaged data. */

export type FoundPlace = Omit<Place, 'radiusKm'> & { radiusKm: number | undefined };

export interface FoundNetwork {
  asn: number;
  organisation: string;
}

interface MountedSource<Found> {
  origin: string;
  builtAt: number;
  /** What was recognised in the file, for the log. */
  about: string;
  find(ip: string, address: Address): Found | undefined;
}

export type PlaceSource = MountedSource<FoundPlace>;
export type AsnSource = MountedSource<FoundNetwork>;
