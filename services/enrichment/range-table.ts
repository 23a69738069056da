/** Address ranges as sorted typed arrays: from each start up to the next start one value holds; 0 means nothing known. */
export interface RangesV4 {
  starts: Uint32Array;
  values: Uint32Array;
}
export interface RangesV6 {
  highs: Uint32Array;
  lows: Uint32Array;
  values: Uint32Array;
}

/** Words that grow; arrays of plain numbers of this length cost a collection of garbage at each growth. */
class Words {
  #words = new Uint32Array(1_024);
  length = 0;

  push(word: number): void {
    if (this.length === this.#words.length) {
      const grown = new Uint32Array(this.#words.length * 2);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[this.length] = word;
    this.length += 1;
  }

  at(index: number): number {
    return this.#words[index] ?? 0;
  }

  set(index: number, word: number): void {
    this.#words[index] = word;
  }

  all(): Uint32Array {
    return this.#words.slice(0, this.length);
  }
}

/** Collects ranges in order of their starts; neighbours with one value become one range. */
export class RangeBuilder {
  readonly #highs = new Words();
  readonly #lows = new Words();
  readonly #values = new Words();

  /** `high` is the IPv4 address, or the first 32 bits of an IPv6 address. */
  add(high: number, low: number, value: number): void {
    const last = this.#values.length - 1;
    if (last >= 0 && this.#highs.at(last) === high && this.#lows.at(last) === low) {
      // What starts where the range before ended takes its place; of ranges finer than is told apart the first stands.
      if (this.#values.at(last) === 0) this.#values.set(last, value);
      return;
    }
    if (last >= 0 && this.#values.at(last) === value) return;
    this.#highs.push(high);
    this.#lows.push(low);
    this.#values.push(value);
  }

  v4(): RangesV4 {
    return { starts: this.#highs.all(), values: this.#values.all() };
  }

  v6(): RangesV6 {
    return { highs: this.#highs.all(), lows: this.#lows.all(), values: this.#values.all() };
  }
}

/** Index of the last start at or before `value`, or -1; looked for between two indexes. */
function lastAtOrBefore(starts: Uint32Array, value: number, from: number, to: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((starts[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export class LookupV4 {
  readonly #ranges: RangesV4;
  /** Where the starts of each /16 begin. */
  readonly #index = new Uint32Array(65_537);

  constructor(ranges: RangesV4) {
    this.#ranges = ranges;
    const { starts } = ranges;
    let at = 0;
    for (let block = 0; block <= 65_536; block += 1) {
      while (at < starts.length && (starts[at] ?? 0) < block * 65_536) at += 1;
      this.#index[block] = at;
    }
  }

  find(address: number): number {
    const block = address >>> 16;
    const at = lastAtOrBefore(
      this.#ranges.starts,
      address,
      this.#index[block] ?? 0,
      this.#index[block + 1] ?? 0,
    );
    return this.#ranges.values[at] ?? 0;
  }
}

export class LookupV6 {
  readonly #ranges: RangesV6;

  constructor(ranges: RangesV6) {
    this.#ranges = ranges;
  }

  find(high: number, low: number): number {
    const { highs, lows, values } = this.#ranges;
    let from = 0;
    let to = highs.length;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const middleHigh = highs[middle] ?? 0;
      const isBefore = middleHigh < high || (middleHigh === high && (lows[middle] ?? 0) <= low);
      if (isBefore) from = middle + 1;
      else to = middle;
    }
    return values[from - 1] ?? 0;
  }
}
