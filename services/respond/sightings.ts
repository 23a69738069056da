import { AppError } from '../errors.ts';

/** How a gateway was when it was last asked. */
export interface Sighting {
  gateway: string;
  askedAt: number;
  isWell: boolean;
}

const TROUBLES: ReadonlySet<string> = new Set(['E_REVOKER_UNAVAILABLE', 'E_REVOKER_DENIED']);

/** What respond knows of the gateways without asking them for its own sake. */
export class Sightings {
  readonly #last = new Map<string, Sighting>();

  note(gateway: string, askedAt: number, isWell: boolean): void {
    this.#last.set(gateway, { gateway, askedAt, isWell });
  }

  all(): Sighting[] {
    return [...this.#last.values()];
  }
}

/** Whether a failure speaks about the gateway, and not about the key. */
export function isGatewayTrouble(error: unknown): boolean {
  return error instanceof AppError ? TROUBLES.has(error.code) : isTimeout(error);
}

export function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}
