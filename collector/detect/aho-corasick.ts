/** Finds which of many texts stand in a text, in one pass over it (Aho and Corasick 1975). */

export interface TextFinder {
  /**
   * Calls `found` with the number of each text that stands in `text`, each once. Cost: at most two steps for each
   * character, and one for each needle.
   */
  find(text: string, found: (needle: number) => void): void;
}

/** Up to so many entries (4 B each) the automaton is one table; past it a trie with links, a tenth of the memory. */
const MAX_TABLE_ENTRIES = 250_000;

/** @param needles not empty texts, no two the same */
export function createTextFinder(needles: readonly string[]): TextFinder {
  const trie = new Trie(needles);
  return trie.count * trie.width <= MAX_TABLE_ENTRIES ? tableOf(trie) : linked(trie);
}

/** The needles as a tree of characters, with the links that say where a search goes on after a miss. */
class Trie {
  /** Characters of all needles, numbered from 1; 0 is every other character: from it the search begins anew. */
  readonly classes = new Map<number, number>();
  readonly ascii = new Uint16Array(128);
  readonly width: number;
  /** Number of states; 0 is the root. */
  count = 1;
  /** Edges, open addressing: key is state * width + class, value the state it leads to; 0 where there is none. */
  private readonly keys: Int32Array;
  private readonly targets: Int32Array;
  private readonly mask: number;
  /** The state of the longest proper suffix. */
  readonly suffix: Int32Array;
  /** The needle that ends in a state, or -1. */
  readonly needle: Int32Array;
  /** The next shorter suffix in which a needle ends, or 0. */
  readonly nextEnd: Int32Array;
  /** States by depth, the root left out. */
  readonly breadthFirst: Int32Array;
  /** The class that leads from a state to the one numbered after it, or 0. */
  readonly classOfNext: Int32Array;

  constructor(needles: readonly string[]) {
    let chars = 0;
    for (const needle of needles) {
      chars += needle.length;
      for (let at = 0; at < needle.length; at += 1) {
        const code = needle.charCodeAt(at);
        if (!this.classes.has(code)) this.classes.set(code, this.classes.size + 1);
      }
    }
    for (const [code, one] of this.classes) if (code < 128) this.ascii[code] = one;
    this.width = this.classes.size + 1;
    const size = 2 ** Math.ceil(Math.log2(2 * chars + 2));
    this.mask = size - 1;
    this.keys = new Int32Array(size);
    this.targets = new Int32Array(size);
    const parent: number[] = [0];
    const by: number[] = [0];
    const ends: [number, number][] = [];
    for (const [number, needle] of needles.entries()) {
      let state = 0;
      for (let at = 0; at < needle.length; at += 1) {
        const one = this.classOf(needle.charCodeAt(at));
        const slot = this.slotOf(state, one);
        if (this.targets[slot] === 0) {
          this.keys[slot] = state * this.width + one;
          this.targets[slot] = this.count;
          parent.push(state);
          by.push(one);
          this.count += 1;
        }
        state = this.targets[slot] as number;
      }
      ends.push([state, number]);
    }
    this.classOfNext = new Int32Array(this.count);
    for (let state = 1; state < this.count; state += 1)
      if (parent[state] === state - 1) this.classOfNext[state - 1] = by[state] as number;
    this.suffix = new Int32Array(this.count);
    this.needle = new Int32Array(this.count).fill(-1);
    this.nextEnd = new Int32Array(this.count);
    for (const [state, number] of ends) this.needle[state] = number;
    this.breadthFirst = byDepth(parent);
    for (const state of this.breadthFirst) {
      const from = parent[state] as number;
      const link = from === 0 ? 0 : this.follow(this.suffix[from] as number, by[state] as number);
      this.suffix[state] = link;
      this.nextEnd[state] = (this.needle[link] as number) >= 0 ? link : (this.nextEnd[link] as number);
    }
  }

  classOf(code: number): number {
    return code < 128 ? (this.ascii[code] as number) : (this.classes.get(code) ?? 0);
  }

  /** Where the edge leads, or 0. */
  edge(state: number, one: number): number {
    return this.targets[this.slotOf(state, one)] as number;
  }

  /** The state after a character, by as many links as it takes. */
  follow(state: number, one: number): number {
    let from = state;
    let target = this.edge(from, one);
    while (target === 0 && from !== 0) {
      from = this.suffix[from] as number;
      target = this.edge(from, one);
    }
    return target;
  }

  private slotOf(state: number, one: number): number {
    const key = state * this.width + one;
    let slot = (Math.imul(key, 0x9e3779b1) >>> 7) & this.mask;
    while (this.targets[slot] !== 0 && this.keys[slot] !== key) slot = (slot + 1) & this.mask;
    return slot;
  }
}

/** Parents come before their children in the order of numbers, so depths are known in one pass. */
function byDepth(parent: readonly number[]): Int32Array {
  const depth = new Int32Array(parent.length);
  for (let state = 1; state < parent.length; state += 1)
    depth[state] = (depth[parent[state] as number] as number) + 1;
  const order = new Int32Array(parent.length - 1).map((_, index) => index + 1);
  return order.sort((one, other) => (depth[one] as number) - (depth[other] as number));
}

/** Tells the needles that end in a state and its suffixes. What was told in a search is not told again. */
function createTold({ needle, nextEnd, count }: Trie) {
  const toldIn = new Int32Array(count);
  let search = 0;
  return {
    begin() {
      search += 1;
    },
    tell(state: number, found: (needle: number) => void) {
      for (let end = state; end !== 0 && toldIn[end] !== search; end = nextEnd[end] as number) {
        toldIn[end] = search;
        if ((needle[end] as number) >= 0) found(needle[end] as number);
      }
    },
  };
}

/** A full automaton: a step is one look-up and one comparison. */
function tableOf(trie: Trie): TextFinder {
  const { ascii, classes, width, count, needle, nextEnd } = trie;
  const next = new Int32Array(count * width);
  for (let one = 1; one < width; one += 1) next[one] = trie.edge(0, one);
  for (const state of trie.breadthFirst)
    for (let one = 1; one < width; one += 1)
      next[state * width + one] =
        trie.edge(state, one) || (next[(trie.suffix[state] as number) * width + one] as number);
  // A state is named by where its row begins; one in which needles end, by the complement of that. So no step needs
  // a multiplication or a table of ends.
  const hasEnd = (state: number) => (needle[state] as number) >= 0 || (nextEnd[state] as number) !== 0;
  const rows = next.map((state) => (hasEnd(state) ? ~(state * width) : state * width));
  const told = createTold(trie);
  return {
    find(text, found) {
      told.begin();
      let row = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        row = rows[row + (code < 128 ? (ascii[code] as number) : (classes.get(code) ?? 0))] as number;
        if (row < 0) {
          row = ~row;
          told.tell(row / width, found);
        }
      }
    },
  };
}

/**
 * The states next to the root, to which every miss falls back, have a full row each; deeper ones their edges. A needle's
 * states mostly follow one another, so that most steps look at one place. A third of the time of links alone.
 */
function linked(trie: Trie): TextFinder {
  const { ascii, classes, count, needle, nextEnd, suffix } = trie;
  const { rows, rowOf } = rowsNearRoot(trie);
  const classOfNext = trie.classOfNext;
  const hasEnd = new Uint8Array(count);
  for (let state = 1; state < count; state += 1)
    hasEnd[state] = (needle[state] as number) >= 0 || nextEnd[state] !== 0 ? 1 : 0;
  const told = createTold(trie);
  return {
    find(text, found) {
      told.begin();
      let state = 0;
      for (let at = 0; at < text.length; at += 1) {
        const code = text.charCodeAt(at);
        const one = code < 128 ? (ascii[code] as number) : (classes.get(code) ?? 0);
        if (one === 0) {
          state = 0;
          continue;
        }
        for (;;) {
          const row = rowOf[state] as number;
          if (row >= 0) {
            state = rows[row + one] as number;
            break;
          }
          if (classOfNext[state] === one) {
            state += 1;
            break;
          }
          const target = trie.edge(state, one);
          if (target !== 0) {
            state = target;
            break;
          }
          state = suffix[state] as number;
        }
        if (hasEnd[state] === 1) told.tell(state, found);
      }
    },
  };
}

/** Full rows for as many states, those nearest to the root first, as a table may have entries. */
function rowsNearRoot(trie: Trie) {
  const near = Math.min(trie.count, Math.floor(MAX_TABLE_ENTRIES / trie.width));
  const rows = new Int32Array(near * trie.width);
  const rowOf = new Int32Array(trie.count).fill(-1);
  for (let place = 0; place < near; place += 1) {
    const state = place === 0 ? 0 : (trie.breadthFirst[place - 1] as number);
    const row = place * trie.width;
    rowOf[state] = row;
    const shorter = rowOf[trie.suffix[state] as number] as number;
    for (let one = 1; one < trie.width; one += 1)
      rows[row + one] = trie.edge(state, one) || (state === 0 ? 0 : (rows[shorter + one] as number));
  }
  return { rows, rowOf };
}
