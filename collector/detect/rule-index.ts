/** The index of one route: which rules could match an event at all, found from the event and not from the rules. */

import { createTextFinder } from './aho-corasick.ts';
import type { Expression } from './expression.ts';
import type { Later } from './later.ts';
import { isLong, LONG_CHARS, type Needles } from './needles.ts';
import { EVERY_FIELD, type FieldTable, type View } from './view.ts';
import { type Atom, commonnessAmong, EVERY_VALUE, witnessOf } from './witness.ts';

export interface RuleIndex {
  /** Calls `candidate` for each rule that may match; never leaves out one that does. A rule may come twice. */
  candidates(view: View, candidate: (rule: number) => void): void;
}

/**
 * @param expressions of the rules of a route, in their order
 * @param later takes what can wait: most routes of a large set never see an event
 */
export function createRuleIndex(
  expressions: readonly Expression[],
  fields: FieldTable,
  later: Later,
): RuleIndex {
  const commonness = commonnessAmong(expressions);
  const always: number[] = [];
  const byField = new Map<string, { readonly atom: Atom; readonly rule: number }[]>();
  for (const [rule, expression] of expressions.entries()) {
    const witness = witnessOf(expression, commonness);
    if (!witness) always.push(rule);
    for (const atom of witness ?? []) {
      const known = byField.get(atom.field);
      if (known) known.push({ atom, rule });
      else byField.set(atom.field, [{ atom, rule }]);
    }
  }
  const lookUps = [...byField].map(([field, atoms]) => {
    const number = field === EVERY_VALUE ? EVERY_FIELD : fields.number(field);
    return { number, index: createValueIndex(atoms, fields.needlesOf(number), later) };
  });

  return {
    candidates(view, candidate) {
      for (const rule of always) candidate(rule);
      for (const { number, index } of lookUps) {
        if (number === EVERY_FIELD) {
          const whole = view.foldedWhole();
          if (whole.length > LONG_CHARS) index.lookLong(view.foldedLeaves(), view, candidate);
          else index.look(whole, candidate);
          continue;
        }
        const folded = view.folded(number);
        if (folded !== undefined) {
          if (folded.length > LONG_CHARS) index.lookLong(folded, view, candidate);
          else index.look(folded, candidate);
        } else index.lookAll(view.raw(number), view.foldedList(number), view, candidate);
      }
    },
  };
}

interface ValueIndex {
  look(folded: string, candidate: (rule: number) => void): void;
  /** The same for a long text or list, of which all that is looked for in the field is found at once. */
  lookLong(folded: string | readonly string[], view: View, candidate: (rule: number) => void): void;
  /** For values that are no plain text: each element of a list; anything else only is there. */
  lookAll(
    raw: unknown,
    folded: readonly string[] | undefined,
    view: View,
    candidate: (rule: number) => void,
  ): void;
}

function createValueIndex(
  atoms: readonly { readonly atom: Atom; readonly rule: number }[],
  needles: Needles,
  later: Later,
): ValueIndex {
  const present: number[] = [];
  const exact = new Map<string, number[]>();
  const prefixes = new Map<string, number[]>();
  const suffixes = new Map<string, number[]>();
  const contained = new Map<string, number[]>();
  /** Rules by the needle that may stand in a long value. */
  const byNeedle = new Map<number, number[]>();
  /** Those of texts that are no needle: asked of every long value. */
  const unsure: number[] = [];
  for (const { atom, rule } of atoms) {
    if (atom.kind !== 'present') {
      const needle = needles.number(atom.text, atom.kind);
      if (needle === undefined) unsure.push(rule);
      else add(byNeedle, needle, rule);
    }
    if (atom.kind === 'present') present.push(rule);
    else if (atom.kind === 'exact') add(exact, atom.text, rule);
    else if (atom.kind === 'prefix') add(prefixes, atom.text, rule);
    else if (atom.kind === 'suffix') add(suffixes, atom.text, rule);
    else add(contained, atom.text, rule);
  }
  const begins = prefixes.size > 0 ? createTrie(prefixes, 'from the start') : undefined;
  const ends = suffixes.size > 0 ? createTrie(suffixes, 'from the end') : undefined;
  const inside = contained.size > 0 ? createContained(contained, later) : undefined;

  function look(folded: string, candidate: (rule: number) => void): void {
    for (const rule of present) candidate(rule);
    if (exact.size > 0) for (const rule of exact.get(folded) ?? NONE) candidate(rule);
    begins?.(folded, candidate);
    ends?.(folded, candidate);
    inside?.(folded, candidate);
  }

  function lookLong(folded: string | readonly string[], view: View, candidate: (rule: number) => void): void {
    for (const rule of present) candidate(rule);
    for (const rule of unsure) candidate(rule);
    for (const needle of view.standingIn(needles, folded).needles)
      for (const rule of byNeedle.get(needle) ?? NONE) candidate(rule);
  }

  return {
    look,
    lookLong,
    lookAll(raw, folded, view, candidate) {
      if (raw === undefined || raw === null) return;
      if (!Array.isArray(raw) || raw.some((element) => element !== null && element !== undefined))
        for (const rule of present) candidate(rule);
      if (folded === undefined) return;
      if (isLong(folded)) lookLong(folded, view, candidate);
      else for (const text of folded) look(text, candidate);
    },
  };
}

const NONE: readonly number[] = [];

function add<Key>(map: Map<Key, number[]>, key: Key, rule: number): void {
  const known = map.get(key);
  if (known) known.push(rule);
  else map.set(key, [rule]);
}

type Look = (folded: string, candidate: (rule: number) => void) => void;

interface TrieNode {
  readonly next: Map<number, TrieNode>;
  readonly rules: number[];
}

/** Most texts leave the trie after a character or two, so this costs the same for one needle and for a thousand. */
function createTrie(
  needles: ReadonlyMap<string, readonly number[]>,
  direction: 'from the start' | 'from the end',
): Look {
  const root: TrieNode = { next: new Map(), rules: [] };
  const fromEnd = direction === 'from the end';
  for (const [needle, rules] of needles) {
    let node = root;
    for (let step = 0; step < needle.length; step += 1) {
      const code = needle.charCodeAt(fromEnd ? needle.length - 1 - step : step);
      let next = node.next.get(code);
      if (!next) {
        next = { next: new Map(), rules: [] };
        node.next.set(code, next);
      }
      node = next;
    }
    node.rules.push(...rules);
  }
  return (folded, candidate) => {
    let node: TrieNode | undefined = root;
    const last = folded.length - 1;
    for (let step = 0; step <= last && node; step += 1) {
      node = node.next.get(folded.charCodeAt(fromEnd ? last - step : step));
      if (node) for (const rule of node.rules) candidate(rule);
    }
  };
}

/** Up to this many needles each is asked for in turn; an automaton is made for more. */
const FEW_NEEDLES = 3;

function createContained(needles: ReadonlyMap<string, readonly number[]>, later: Later): Look {
  const texts = [...needles.keys()];
  const rules = [...needles.values()];
  if (texts.length <= FEW_NEEDLES)
    return (folded, candidate) => {
      for (const [number, text] of texts.entries())
        if (folded.includes(text)) for (const rule of rules[number] ?? NONE) candidate(rule);
    };
  const finder = later.value(() => createTextFinder(texts));
  return (folded, candidate) => {
    finder().find(folded, (needle) => {
      for (const rule of rules[needle] ?? NONE) candidate(rule);
    });
  };
}
