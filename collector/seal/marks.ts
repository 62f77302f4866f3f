import { TILE_WIDTH } from '../log/tiles.ts';

/** Where in the journal the checkpoint over `size` records begins. */
interface Mark {
  readonly size: number;
  readonly start: number;
}

/** Places in the journal, oldest first, at most one for each bundle: pruning goes by bundles. */
export class JournalMarks {
  #marks: Mark[] = [];

  add(size: number, start: number): void {
    const last = this.#marks.at(-1);
    if (!last || Math.floor(size / TILE_WIDTH) > Math.floor(last.size / TILE_WIDTH))
      this.#marks.push({ size, start });
  }

  /** Forgets what begins there or later. */
  dropFrom(start: number): void {
    this.#marks = this.#marks.filter((mark) => mark.start < start);
  }

  /** Where the journal may begin when the records before `first` are pruned: that checkpoint stays, as begin of the chain. */
  startFor(first: number): number {
    return this.#marks.findLast(({ size }) => size <= first)?.start ?? 0;
  }

  /** The journal's first bytes are gone. */
  moveBack(bytes: number): void {
    this.#marks = this.#marks
      .filter(({ start }) => start >= bytes)
      .map(({ size, start }) => ({ size, start: start - bytes }));
  }
}
