import { AppError } from '../errors.ts';

/** Who opened which checkpoint last, within this process. */
export class Holders {
  readonly #holders = new Map<string, symbol>();

  /** Takes it from whoever had it. */
  take(checkpoint: string): symbol {
    const holder = Symbol(checkpoint);
    this.#holders.set(checkpoint, holder);
    return holder;
  }

  isHeldBy(checkpoint: string, holder: symbol): boolean {
    return this.#holders.get(checkpoint) === holder;
  }

  letGo(checkpoint: string, holder: symbol): void {
    if (this.isHeldBy(checkpoint, holder)) this.#holders.delete(checkpoint);
  }
}

export function lost(checkpoint: string): AppError {
  return new AppError('E_CHECKPOINT_LOST', `The state ${checkpoint} was taken over by somebody else.`);
}
