/** What rules see of a huge value: its beginning and its end. A bound on what one event can cost. */

/**
 * Characters of one value, as many as the Linux sensor takes of a command line, so nothing that was sensed is cut
 * here. Of a longer one the first and the last half are looked at, with SEAM between them.
 */
export const MAX_VALUE_CHARS = 32_768;

/** Elements of one list; of a longer one the first and the last half are looked at. */
export const MAX_ELEMENTS = 1_024;

/** Characters of one list. Past it each element gets an equal share of them, at least MIN_ELEMENT_CHARS. */
export const MAX_LIST_CHARS = 65_536;
const MIN_ELEMENT_CHARS = 64;

/** Stands where something was left out: no character (Unicode 23.7), so no rule's text has it. */
export const SEAM = '\uffff';

/** The value itself when it is not huge. @param maxChars that may be looked at of it, if that is less */
export function shorten(value: unknown, maxChars = MAX_LIST_CHARS): unknown {
  if (typeof value === 'string') return shortenText(value, Math.min(maxChars, MAX_VALUE_CHARS));
  return Array.isArray(value) ? shortenList(value, maxChars) : value;
}

export function shortenText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return text.slice(0, half) + SEAM + text.slice(text.length - half);
}

export function shortenList(list: readonly unknown[], maxChars = MAX_LIST_CHARS): readonly unknown[] {
  let kept = ends(list, MAX_ELEMENTS);
  if (charsOf(kept) <= maxChars) return kept;
  kept = ends(kept, Math.max(2, Math.floor(maxChars / MIN_ELEMENT_CHARS)));
  const share = Math.max(MIN_ELEMENT_CHARS, Math.floor(maxChars / kept.length));
  return kept.map((element) => (typeof element === 'string' ? shortenText(element, share) : element));
}

/**
 * A list as one text. Of one that makes a huge text no more is joined than is looked at: both ends, with SEAM between.
 * 20,000 arguments took 1 ms to join, for each view of the event.
 */
export function joined(list: readonly unknown[], separator: string): string {
  if (list.length <= MAX_ELEMENTS) return list.join(separator);
  const half = MAX_VALUE_CHARS / 2;
  const lengthAt = (place: number) => String(list[place]).length + separator.length;
  let head = 0;
  for (let chars = 0; head < list.length && chars <= half; head += 1) chars += lengthAt(head);
  let tail = list.length;
  for (let chars = 0; tail > head && chars <= half; tail -= 1) chars += lengthAt(tail - 1);
  if (tail === head) return list.join(separator);
  return list.slice(0, head).join(separator) + SEAM + list.slice(tail).join(separator);
}

/** Characters of a value, and of its elements. */
export function charsOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (!Array.isArray(value)) return 0;
  let chars = 0;
  for (const element of value) if (typeof element === 'string') chars += element.length;
  return chars;
}

/** The first and the last half, when there are more than `most`. */
function ends(list: readonly unknown[], most: number): readonly unknown[] {
  if (list.length <= most) return list;
  const half = Math.floor(most / 2);
  return [...list.slice(0, half), ...list.slice(list.length - half)];
}

/** What was left out of a value, for people; empty when nothing was. @param kept what `shorten` made of it */
export function leftOutOf(value: unknown, kept: unknown): string {
  if (kept === value) return '';
  if (typeof value === 'string') {
    const all = value.includes(SEAM) ? '' : `of its ${value.length} `;
    return `only the first and last ${Math.floor(charsOf(kept) / 2)} ${all}characters are looked at`;
  }
  if (!Array.isArray(value) || !Array.isArray(kept)) return '';
  return kept.length < value.length
    ? `only the first and last ${Math.floor(kept.length / 2)} of its ${value.length} elements are looked at`
    : 'only the beginning and end of each element are looked at';
}
