/** Finds which of many texts stand in a text, in one pass over it (Aho and Corasick 1975). */

/**
 * Entries (4 B each) of full rows. States nearest to the root, to which every miss falls back, have one each: a step
 * from there is one look-up. Deeper ones keep their edges alone, a tenth of the memory; a needle's states mostly follow
 * one another, so that most steps there look at one place.
 */
const MAX_ROW_ENTRIES = 16_000;

/** Searches that Int32Array can number. After so many, which takes days, what they told is forgotten. */
const MAX_SEARCHES = 2 ** 31 - 1;

/**
 * A class, and no function is called for what is found: of functions that are made for each finder Node throws its code
 * away when another finder is first asked, which took the first long value of each kind 20 ms.
 */
export class TextFinder {
  /** Numbers of the texts that the last search found, as many as it returned. */
  readonly found: Int32Array;
  private readonly trie: Trie;
  private readonly links: Links;
  /** By state: the search in which what ends there was taken. */
  private readonly taken: Int32Array;
  private readonly maxSearches: number;
  private search = 0;
  private count = 0;

  /** @param needles not empty texts, no two the same */
  constructor(needles: readonly string[], maxSearches = MAX_SEARCHES) {
    const children = new Children(needles);
    this.trie = new Trie(needles, children);
    this.links = linked(this.trie, children);
    this.found = new Int32Array(needles.length);
    this.taken = new Int32Array(this.trie.count);
    this.maxSearches = maxSearches;
  }

  /**
   * Looks for each text in `text`. Cost: at most two steps for each character, and one for each needle.
   * @returns how many stand there, each counted once; their numbers stand first in `found`
   */
  find(text: string): number {
    this.begin();
    const { ascii, classes, needle, classOfNext } = this.trie;
    const { suffix, nextEnd, rows, rowOf } = this.links;
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
          if (state < 0) {
            state = ~state;
            this.take(state);
          }
          break;
        }
        const target = classOfNext[state] === one ? state + 1 : this.trie.edge(state, one);
        if (target !== 0) {
          state = target;
          if ((needle[state] as number) >= 0 || nextEnd[state] !== 0) this.take(state);
          break;
        }
        state = suffix[state] as number;
      }
    }
    return this.count;
  }

  private begin(): void {
    if (this.search === this.maxSearches) {
      this.taken.fill(0);
      this.search = 0;
    }
    this.search += 1;
    this.count = 0;
  }

  /** Takes the needles that end in a state and its suffixes. What was taken in a search is not taken again. */
  private take(state: number): void {
    const { needle } = this.trie;
    const { nextEnd } = this.links;
    for (let end = state; end !== 0 && this.taken[end] !== this.search; end = nextEnd[end] as number) {
      this.taken[end] = this.search;
      if ((needle[end] as number) < 0) continue;
      this.found[this.count] = needle[end] as number;
      this.count += 1;
    }
  }
}

/** Which states come after which: asked only while the automaton is made. */
class Children {
  readonly first: Int32Array;
  readonly next: Int32Array;

  constructor(needles: readonly string[]) {
    const states = statesOf(needles);
    this.first = new Int32Array(states);
    this.next = new Int32Array(states);
  }

  add(parent: number, child: number): void {
    this.next[child] = this.first[parent] as number;
    this.first[parent] = child;
  }
}

/** At most: one for each character, and the root. */
function statesOf(needles: readonly string[]): number {
  return needles.reduce((sum, { length }) => sum + length, 1);
}

/** The needles as a tree of characters. */
class Trie {
  /** Characters of all needles, numbered from 1; 0 is every other character: from it the search begins anew. */
  readonly classes = new Map<number, number>();
  readonly ascii = new Uint16Array(128);
  readonly width: number;
  /** Number of states; 0 is the root. */
  count = 1;
  /** Edges, open addressing by state and class: the state an edge leads to; 0 where there is none. */
  private readonly targets: Int32Array;
  private readonly mask: number;
  /** The edge that leads to a state: where from, and the class. */
  private readonly parent: Int32Array;
  readonly by: Int32Array;
  /** The needle that ends in a state, or -1. */
  readonly needle: Int32Array;
  /** The class that leads from a state to the one numbered after it, or 0. */
  readonly classOfNext: Int32Array;

  constructor(needles: readonly string[], children: Children) {
    for (const needle of needles)
      for (let at = 0; at < needle.length; at += 1) {
        const code = needle.charCodeAt(at);
        if (!this.classes.has(code)) this.classes.set(code, this.classes.size + 1);
      }
    for (const [code, one] of this.classes) if (code < 128) this.ascii[code] = one;
    this.width = this.classes.size + 1;
    const states = statesOf(needles);
    const size = 2 ** Math.ceil(Math.log2(2 * states));
    this.mask = size - 1;
    this.targets = new Int32Array(size);
    this.parent = new Int32Array(states);
    this.by = new Int32Array(states);
    this.needle = new Int32Array(states).fill(-1);
    this.classOfNext = new Int32Array(states);
    for (const [number, needle] of needles.entries()) this.needle[this.stateOf(needle, children)] = number;
  }

  /** The state that a needle ends in, made where it was not there. */
  private stateOf(needle: string, children: Children): number {
    let state = 0;
    for (let at = 0; at < needle.length; at += 1) {
      const code = needle.charCodeAt(at);
      const one = code < 128 ? (this.ascii[code] as number) : (this.classes.get(code) as number);
      const slot = this.slotOf(state, one);
      if (this.targets[slot] === 0) {
        this.targets[slot] = this.count;
        this.parent[this.count] = state;
        this.by[this.count] = one;
        children.add(state, this.count);
        if (this.count === state + 1) this.classOfNext[state] = one;
        this.count += 1;
      }
      state = this.targets[slot] as number;
    }
    return state;
  }

  /** Where the edge leads, or 0. */
  edge(state: number, one: number): number {
    return this.targets[this.slotOf(state, one)] as number;
  }

  private slotOf(state: number, one: number): number {
    let slot = ((Math.imul(state, 0x9e3779b1) ^ Math.imul(one, 0x85ebca6b)) >>> 7) & this.mask;
    for (;;) {
      const target = this.targets[slot] as number;
      if (target === 0 || (this.parent[target] === state && this.by[target] === one)) return slot;
      slot = (slot + 1) & this.mask;
    }
  }
}

interface Links {
  /** The state of the longest proper suffix: where a search goes on after a miss. */
  readonly suffix: Int32Array;
  /** The next shorter suffix in which a needle ends, or 0. */
  readonly nextEnd: Int32Array;
  /** For each class the state after it; its complement where a needle ends there. */
  readonly rows: Int32Array;
  /** Where the row of a state begins, or -1. */
  readonly rowOf: Int32Array;
}

/** Goes through the states by depth, so that what a state takes over from its suffix is there when it is needed. */
function linked(trie: Trie, children: Children): Links {
  const { by, needle, count, width } = trie;
  const near = Math.min(count, Math.floor(MAX_ROW_ENTRIES / width));
  const rows = new Int32Array(near * width);
  const rowOf = new Int32Array(count).fill(-1);
  const suffix = new Int32Array(count);
  const nextEnd = new Int32Array(count);
  const byDepth = new Int32Array(count);

  function follow(from: number, one: number): number {
    for (let state = from; ; state = suffix[state] as number) {
      const row = rowOf[state] as number;
      if (row >= 0) {
        const target = rows[row + one] as number;
        return target < 0 ? ~target : target;
      }
      const target = trie.edge(state, one);
      if (target !== 0) return target;
    }
  }

  let known = 1;
  for (let place = 0; place < count; place += 1) {
    const state = byDepth[place] as number;
    const shorter = suffix[state] as number;
    const row = place < near ? place * width : -1;
    if (row > 0) rows.copyWithin(row, rowOf[shorter] as number, (rowOf[shorter] as number) + width);
    for (let child = children.first[state] as number; child !== 0; child = children.next[child] as number) {
      const one = by[child] as number;
      const link = state === 0 ? 0 : follow(shorter, one);
      suffix[child] = link;
      nextEnd[child] = (needle[link] as number) >= 0 ? link : (nextEnd[link] as number);
      const isEnd = (needle[child] as number) >= 0 || nextEnd[child] !== 0;
      if (row >= 0) rows[row + one] = isEnd ? ~child : child;
      byDepth[known] = child;
      known += 1;
    }
    rowOf[state] = row;
  }
  return { suffix, nextEnd, rows, rowOf };
}
