/** A run of indices, both ends included. */
export type Range = readonly [first: number, last: number];

/** Indices in ascending order, kept as runs. */
export class Ranges {
  readonly list: [number, number][] = [];
  count = 0;

  static of(indices: readonly number[]): Ranges {
    const ranges = new Ranges();
    for (const index of indices) ranges.add(index);
    return ranges;
  }

  addRun(first: number, to: number): void {
    if (to < first) return;
    this.count += to - first + 1;
    this.list.push([first, to]);
  }

  add(index: number): void {
    const last = this.list.at(-1);
    if (last && index <= last[1]) return;
    this.count++;
    if (last && index === last[1] + 1) last[1] = index;
    else this.list.push([index, index]);
  }
}

/** What is left out between ascending numbers. */
export function holes(numbers: readonly number[]): Range[] {
  return numbers.flatMap((number, i) => {
    const before = numbers[i - 1];
    return before === undefined || number === before + 1 ? [] : [[before + 1, number - 1] as const];
  });
}
