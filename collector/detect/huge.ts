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

/** The value itself when it is not huge. */
export function shorten(value: unknown): unknown {
  if (typeof value === 'string') return shortenText(value, MAX_VALUE_CHARS);
  return Array.isArray(value) ? shortenList(value) : value;
}

export function shortenText(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = maxChars / 2;
  return text.slice(0, half) + SEAM + text.slice(-half);
}

export function shortenList(list: readonly unknown[]): readonly unknown[] {
  const kept =
    list.length <= MAX_ELEMENTS
      ? list
      : [...list.slice(0, MAX_ELEMENTS / 2), ...list.slice(-MAX_ELEMENTS / 2)];
  let chars = 0;
  for (const element of kept) if (typeof element === 'string') chars += element.length;
  if (chars <= MAX_LIST_CHARS) return kept;
  const share = Math.max(MIN_ELEMENT_CHARS, 2 * Math.floor(MAX_LIST_CHARS / kept.length / 2));
  return kept.map((element) => (typeof element === 'string' ? shortenText(element, share) : element));
}

/** What was left out of a value, for people; empty when nothing was. */
export function leftOutOf(value: unknown): string {
  if (typeof value === 'string' && value.length > MAX_VALUE_CHARS)
    return `only the first and last ${MAX_VALUE_CHARS / 2} of its ${value.length} characters are looked at`;
  if (!Array.isArray(value) || shortenList(value) === value) return '';
  return value.length > MAX_ELEMENTS
    ? `only the first and last ${MAX_ELEMENTS / 2} of its ${value.length} elements are looked at`
    : 'only the beginning and end of each element are looked at';
}
