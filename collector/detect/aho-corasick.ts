/** Finds which of many texts stand in a text, in one pass over it (Aho and Corasick 1975, as a full automaton). */

export interface TextFinder {
  /** Calls `found` with the number of each text that stands in `text`; one number may come more than once. */
  find(text: string, found: (needle: number) => void): void;
}

/**
 * Memory: about 4 B for each character of all needles times the different characters in them.
 * @param needles not empty texts
 */
export function createTextFinder(needles: readonly string[]): TextFinder {
  const classes = new Map<number, number>();
  for (const needle of needles)
    for (let at = 0; at < needle.length; at += 1) {
      const code = needle.charCodeAt(at);
      if (!classes.has(code)) classes.set(code, classes.size + 1);
    }
  const width = classes.size + 1;
  // Class 0 is every character that no needle has: from it the search begins anew.
  const ascii = new Uint16Array(128);
  for (const [code, one] of classes) if (code < 128) ascii[code] = one;

  const states = 1 + needles.reduce((sum, needle) => sum + needle.length, 0);
  let next = new Int32Array(states * width);
  const ends: number[][] = [[]];
  let count = 1;
  for (const [number, needle] of needles.entries()) {
    let state = 0;
    for (let at = 0; at < needle.length; at += 1) {
      const edge = state * width + (classes.get(needle.charCodeAt(at)) ?? 0);
      let target = next[edge] ?? 0;
      if (target === 0) {
        target = count;
        next[edge] = target;
        ends[count] = [];
        count += 1;
      }
      state = target;
    }
    ends[state]?.push(number);
  }
  next = next.slice(0, count * width);

  // Breadth first, so that the longest proper suffix of a state is complete before the state is.
  const suffix = new Int32Array(count);
  const queue: number[] = [];
  for (let one = 1; one < width; one += 1) {
    const target = next[one] ?? 0;
    if (target > 0) queue.push(target);
  }
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? 0;
    const fallback = suffix[state] ?? 0;
    const inherited = ends[fallback] ?? [];
    if (inherited.length > 0) ends[state] = [...(ends[state] ?? []), ...inherited];
    for (let one = 1; one < width; one += 1) {
      const target = next[state * width + one] ?? 0;
      if (target > 0) {
        suffix[target] = next[fallback * width + one] ?? 0;
        queue.push(target);
      } else next[state * width + one] = next[fallback * width + one] ?? 0;
    }
  }
  // A state is named by where its row begins; one in which a needle ends, by the complement of that. So a step is
  // one look-up and one comparison, with no multiplication and no table of ends.
  const rows = next.map((state) => ((ends[state]?.length ?? 0) > 0 ? ~(state * width) : state * width));

  return {
    find(text, found) {
      let row = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        row = rows[row + (code < 128 ? (ascii[code] as number) : (classes.get(code) ?? 0))] as number;
        if (row < 0) {
          row = ~row;
          for (const needle of ends[row / width] as number[]) found(needle);
        }
      }
    },
  };
}
