import { Breaker } from './breaker.ts';
import { CapCounter } from './caps.ts';
import type { Caps } from './caps.ts';
import { Forgiveness } from './forgiveness.ts';

/** While incidents go on to be held back, people are reminded this often. */
const PAGE_EVERY_MS = 60 * 60_000;

type Hold = 'no' | 'frozen' | 'breaker';
type Page = 'caps' | 'breaker';

interface Saved {
  hold: Hold;
  caps: ReturnType<CapCounter['save']>;
  breaker: ReturnType<Breaker['save']>;
  forgiveness: ReturnType<Forgiveness['save']>;
  pagedAt: Record<Page, number>;
}

/** What holds for all incidents together. */
export class Situation {
  static readonly entry = 'situation';
  readonly caps: CapCounter;
  readonly breaker = new Breaker();
  readonly forgiveness = new Forgiveness();
  hold: Hold = 'no';
  isChanged = false;
  #pagedAt: Record<Page, number> = { caps: -Infinity, breaker: -Infinity };

  constructor(caps: Caps) {
    this.caps = new CapCounter(caps);
  }

  /** True when people are to be told now. */
  shouldPage(page: Page, now: number): boolean {
    if (now - this.#pagedAt[page] < PAGE_EVERY_MS) return false;
    this.#pagedAt[page] = now;
    return true;
  }

  save(): string {
    const saved: Saved = {
      hold: this.hold,
      caps: this.caps.save(),
      breaker: this.breaker.save(),
      forgiveness: this.forgiveness.save(),
      pagedAt: { caps: finite(this.#pagedAt.caps), breaker: finite(this.#pagedAt.breaker) },
    };
    return JSON.stringify(saved);
  }

  restore(text: string): void {
    const saved = JSON.parse(text) as Saved;
    this.hold = saved.hold;
    this.caps.restore(saved.caps);
    this.breaker.restore(saved.breaker);
    this.forgiveness.restore(saved.forgiveness);
    this.#pagedAt = saved.pagedAt;
  }
}

/** JSON knows no infinity. */
function finite(at: number): number {
  return Number.isFinite(at) ? at : 0;
}
