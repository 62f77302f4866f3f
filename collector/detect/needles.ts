/** The texts that rules look for within one field: of a long value all of them are looked for at once. */

import { createTextFinder, type TextFinder } from './aho-corasick.ts';

/**
 * Up to this many characters each rule searches by itself, which is quicker as long as few rules get so far. Past it
 * the value is gone through once, so that its cost does not grow with the number of rules.
 */
export const LONG_CHARS = 2_048;

export class Needles {
  private readonly numbers = new Map<string, number>();
  private finder: TextFinder | undefined;

  /** @param needle folded, not empty */
  number(needle: string): number {
    const known = this.numbers.get(needle);
    if (known !== undefined) return known;
    this.numbers.set(needle, this.numbers.size);
    this.finder = undefined;
    return this.numbers.size - 1;
  }

  /** For each needle's number, whether it stands in the text: 1 or 0. */
  in(folded: string): Uint8Array {
    const stands = new Uint8Array(this.numbers.size);
    this.finder ??= createTextFinder([...this.numbers.keys()]);
    this.finder.find(folded, (needle) => {
      stands[needle] = 1;
    });
    return stands;
  }
}
