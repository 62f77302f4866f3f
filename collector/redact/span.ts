/** A part of a text that holds a secret: characters from `from` up to, not including, `to`. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** What stands in the place of a secret. Always the same, so that not even its length is told. */
export const MASK = '[masked]';

/** The text with every span masked; spans may overlap and come in any order. */
export function maskSpans(text: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    if (to <= at) continue;
    if (from > at || parts.length === 0) parts.push(text.slice(at, Math.max(at, from)), MASK);
    at = to;
  }
  parts.push(text.slice(at));
  return parts.join('');
}
