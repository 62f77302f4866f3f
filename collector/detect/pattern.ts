/** Sigma's strings: plain text with the wildcards * and ?, and the backslash that takes their meaning away. */

/** Any number of characters, also none. */
export const ANY = Symbol('*');
/** Exactly one character. */
export const ONE = Symbol('?');
/** One of the five dashes that start a flag (modifier windash). */
export const DASH = Symbol('dash');

export type Piece = string | typeof ANY | typeof ONE | typeof DASH;
/** Literal text and wildcards in turn; no two strings side by side. */
export type Pattern = readonly Piece[];

/** - / en dash, em dash, horizontal bar: what the modifiers appendix lists under windash. */
export const DASHES = '-/\u2013\u2014\u2015';

/**
 * Reads a value as the specification's "Escape Character" section says: `\*` and `\?` are plain, `\\` is one
 * backslash, and a backslash before anything else is itself.
 */
export function parsePattern(text: string): Pattern {
  if (!/[\\*?]/.test(text)) return text === '' ? [] : [text];
  const pieces: Piece[] = [];
  let literal = '';
  /** Where plain text that is not in `literal` yet begins: it is taken in one piece, not letter by letter. */
  let start = 0;
  const wildcard = (piece: Piece) => {
    if (literal !== '') pieces.push(literal);
    literal = '';
    // Two stars in a row say no more than one, and one alone keeps the matcher linear.
    if (piece !== ANY || pieces.at(-1) !== ANY) pieces.push(piece);
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text.charAt(at);
    const next = text.charAt(at + 1);
    if (char === '\\' && (next === '*' || next === '?' || next === '\\')) {
      literal += text.slice(start, at) + next;
      at += 1;
    } else if (char === '*' || char === '?') {
      literal += text.slice(start, at);
      wildcard(char === '*' ? ANY : ONE);
    } else continue;
    start = at + 1;
  }
  literal += text.slice(start);
  if (literal !== '') pieces.push(literal);
  return pieces;
}

export function hasWildcard(pattern: Pattern): boolean {
  return pattern.some((piece) => typeof piece !== 'string');
}

/** The text of a pattern without wildcards. */
export function plainText(pattern: Pattern): string {
  return pattern.filter((piece) => typeof piece === 'string').join('');
}

/** Puts pieces together, joining text to text and star to star. */
export function concat(...patterns: Pattern[]): Pattern {
  const joined: Piece[] = [];
  for (const piece of patterns.flat()) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else if (piece !== '' && !(piece === ANY && last === ANY)) joined.push(piece);
  }
  return joined;
}

/** How a person would write the pattern in a rule. */
export function showPattern(pattern: Pattern): string {
  return pattern
    .map((piece) => {
      if (piece === ANY) return '*';
      if (piece === ONE) return '?';
      if (piece === DASH) return '-';
      return piece.replace(/[*?]/g, '\\$&');
    })
    .join('');
}

/**
 * Folds case for Sigma's case-insensitive comparison: Unicode default lower case, with the final sigma and the long s
 * as the letters they are (CaseFolding.txt). toLowerCase() writes a sigma by its place in the word, so the same
 * letters cut elsewhere would differ.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  return ODD_LETTERS.test(lower) ? lower.replaceAll('ς', 'σ').replaceAll('ſ', 's') : lower;
}

const ODD_LETTERS = /[ςſ]/;

export function foldPattern(pattern: Pattern): Pattern {
  return pattern.map((piece) => (typeof piece === 'string' ? fold(piece) : piece));
}

type Segment = readonly Exclude<Piece, typeof ANY>[];

/** How a pattern is anchored, for matchers and for the index. */
export type Shape =
  | { readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains'; readonly text: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'general' };

export function shapeOf(pattern: Pattern): Shape {
  if (pattern.length === 0) return { kind: 'exact', text: '' };
  const [first, second, third] = pattern;
  if (pattern.length === 1) {
    if (first === ANY) return { kind: 'any' };
    if (typeof first === 'string') return { kind: 'exact', text: first };
  }
  if (pattern.length === 2) {
    if (first === ANY && typeof second === 'string') return { kind: 'suffix', text: second };
    if (typeof first === 'string' && second === ANY) return { kind: 'prefix', text: first };
  }
  if (pattern.length === 3 && first === ANY && third === ANY && typeof second === 'string')
    return { kind: 'contains', text: second };
  return { kind: 'general' };
}

/** A function that says whether the whole of a text fits the pattern. Cost: linear in the text for each segment. */
export function compilePattern(pattern: Pattern): (text: string) => boolean {
  const shape = shapeOf(pattern);
  switch (shape.kind) {
    case 'any':
      return () => true;
    case 'exact':
      return (text) => text === shape.text;
    case 'prefix':
      return (text) => text.startsWith(shape.text);
    case 'suffix':
      return (text) => text.endsWith(shape.text);
    case 'contains':
      return (text) => text.includes(shape.text);
    case 'general':
      return compileSegments(pattern);
  }
}

/**
 * Between stars stand segments. The first and last are tied to the ends, each other one is taken at the leftmost
 * place where it fits: a later place could not help what follows, so nothing is ever tried twice.
 */
function compileSegments(pattern: Pattern): (text: string) => boolean {
  const segments: Segment[] = [[]];
  for (const piece of pattern) {
    if (piece === ANY) segments.push([]);
    else segments[segments.length - 1] = [...(segments.at(-1) ?? []), piece];
  }
  const head = segments[0] ?? [];
  if (segments.length === 1) return (text) => matchAt(head, text, 0) === text.length;
  const tail = segments.at(-1) ?? [];
  const middle = segments.slice(1, -1).filter((segment) => segment.length > 0);
  return (text) => {
    let at = matchAt(head, text, 0);
    if (at < 0) return false;
    for (const segment of middle) {
      at = search(segment, text, at);
      if (at < 0) return false;
    }
    return matchEnd(tail, text) >= at;
  };
}

/** Where a segment that begins at `at` ends, or -1. */
function matchAt(segment: Segment, text: string, at: number): number {
  let end = at;
  for (const piece of segment) {
    if (typeof piece === 'string') {
      if (!text.startsWith(piece, end)) return -1;
      end += piece.length;
    } else {
      if (end >= text.length) return -1;
      if (piece === DASH && !DASHES.includes(text.charAt(end))) return -1;
      end += isPair(text, end) ? 2 : 1;
    }
  }
  return end;
}

/** Where a segment that ends at the end of the text begins, or -1. */
function matchEnd(segment: Segment, text: string): number {
  let start = text.length;
  for (let index = segment.length - 1; index >= 0; index -= 1) {
    const piece = segment[index];
    if (typeof piece === 'string') {
      if (!text.endsWith(piece, start)) return -1;
      start -= piece.length;
    } else {
      if (start <= 0) return -1;
      if (piece === DASH && !DASHES.includes(text.charAt(start - 1))) return -1;
      start -= start >= 2 && isPair(text, start - 2) ? 2 : 1;
    }
  }
  return start;
}

/** The end of the leftmost place from `from` on where the segment fits, or -1. */
function search(segment: Segment, text: string, from: number): number {
  const first = segment[0];
  if (typeof first === 'string') {
    for (let at = text.indexOf(first, from); at >= 0; at = text.indexOf(first, at + 1)) {
      const end = matchAt(segment, text, at);
      if (end >= 0) return end;
    }
    return -1;
  }
  for (let at = from; at <= text.length; at += isPair(text, at) ? 2 : 1) {
    const end = matchAt(segment, text, at);
    if (end >= 0) return end;
  }
  return -1;
}

/** Whether a character of two code units stands at `at`: ? takes it whole. */
function isPair(text: string, at: number): boolean {
  return (text.codePointAt(at) ?? 0) > 0xffff;
}
