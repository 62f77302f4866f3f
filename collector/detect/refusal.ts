/** Where in a rule file something stands. Lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * A rule that cannot be used, and why: the message names the thing, the cause and the mend.
 * `toString()` is the whole line for a person: file:line:column: message.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly file: string;
  readonly place: Place;

  constructor(file: string, place: Place, message: string) {
    super(message);
    this.file = file;
    this.place = place;
  }

  override toString(): string {
    return `${this.file}:${this.place.line}:${this.place.column}: ${this.message}`;
  }
}

/** The candidate nearest to `word`, for "did you mean"; empty when none is near. */
export function nearest(word: string, candidates: Iterable<string>): string {
  let best = '';
  let bestDistance = Math.min(3, Math.floor(word.length / 2)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase(), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance; `limit` or more is reported as `limit`. */
function editDistance(from: string, to: string, limit: number): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 1; i <= from.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const swap = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return Math.min(row[to.length] ?? limit, limit);
}
