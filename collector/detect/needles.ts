/** The texts that rules look for within one field: in a long value or a list all of them are looked for at once. */

import { TextFinder } from './aho-corasick.ts';

/**
 * Up to this many characters each rule searches by itself, which is quicker as long as few rules get so far. Past it
 * the value is gone through once, so that its cost does not grow with the number of rules.
 */
export const LONG_CHARS = 2_048;

/** Elements of a list up to which each rule goes through them by itself, unless they are long together. */
const FEW_ELEMENTS = 8;

/** Stands before and after each element: no character (Unicode 23.7). */
const BORDER = '\ufffe';
/** A text with one of them cannot be told from a border or a seam, so each rule looks for it by itself. */
const NO_CHARACTERS = /[\ufffe\uffff]/;

/** Where a needle stands in an element. */
export type Stand = 'contains' | 'prefix' | 'suffix' | 'exact';

/** Which needles stand somewhere in a value. */
export interface Standing {
  has(needle: number): boolean;
  readonly needles: readonly number[];
}

export class Needles {
  private readonly numbers = new Map<string, number>();
  private finder: TextFinder | undefined;

  /** @returns undefined for a text that only a rule by itself can look for */
  number(text: string, stand: Stand): number | undefined {
    if ((text === '' && stand !== 'exact') || NO_CHARACTERS.test(text)) return undefined;
    const needle = bordered(text, stand);
    const known = this.numbers.get(needle);
    if (known !== undefined) return known;
    this.numbers.set(needle, this.numbers.size);
    this.finder = undefined;
    return this.numbers.size - 1;
  }

  /** Made for the first long value, or before. */
  ready(): TextFinder {
    this.finder ??= new TextFinder([...this.numbers.keys()]);
    return this.finder;
  }

  /** All of them, as they stand in values. */
  texts(): string[] {
    return [...this.numbers.keys()].map((needle) => needle.replaceAll(BORDER, ''));
  }

  /** @param elements folded */
  in(elements: readonly string[]): Standing {
    const stands = new Uint8Array(this.numbers.size);
    const finder = this.ready();
    const needles = Array.from(finder.found.subarray(0, finder.find(joined(elements))));
    for (const needle of needles) stands[needle] = 1;
    return { has: (needle) => stands[needle] === 1, needles };
  }
}

/** Whether a list is gone through once for all rules. */
export function isLong(elements: readonly string[]): boolean {
  if (elements.length > FEW_ELEMENTS) return true;
  let chars = 0;
  for (const element of elements) chars += element.length;
  return chars > LONG_CHARS;
}

function bordered(text: string, stand: Stand): string {
  const before = stand === 'prefix' || stand === 'exact' ? BORDER : '';
  const after = stand === 'suffix' || stand === 'exact' ? BORDER : '';
  return before + text + after;
}

/** No needle has a border within, so none fits across two elements; nor does an element that holds one lie of its end. */
function joined(elements: readonly string[]): string {
  const text = elements.join(BORDER);
  const borders = Math.max(0, elements.length - 1);
  const isPlain = !text.includes(BORDER) || countOf(text, BORDER) === borders;
  const whole = isPlain ? text : elements.map((one) => one.replaceAll(BORDER, '\uffff')).join(BORDER);
  return elements.length === 0 ? '' : BORDER + whole + BORDER;
}

function countOf(text: string, char: string): number {
  let count = 0;
  for (let at = text.indexOf(char); at >= 0; at = text.indexOf(char, at + 1)) count += 1;
  return count;
}
