/** The index of one route: which rules could match an event at all, found from the event and not from the rules. */

import { TextFinder } from './aho-corasick.ts';
import type { Expression } from './expression.ts';
import type { Later } from './later.ts';
import { isLong, LONG_CHARS, type Needles } from './needles.ts';
import { EVERY_FIELD, type FieldTable, type View } from './view.ts';
import { type Atom, commonnessAmong, EVERY_VALUE, witnessOf } from './witness.ts';

/** Takes rules that may match. An object, not a function: Node compiled the loops anew for every new function. */
export interface Candidates {
  /** A rule may come twice. */
  add(rule: number): void;
}

export interface RuleIndex {
  /** Adds each rule that may match; never leaves out one that does. */
  candidates(view: View, candidates: Candidates): void;
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
    return { number, index: new ValueIndex(atoms, fields.needlesOf(number), later) };
  });

  return {
    candidates(view, candidates) {
      for (const rule of always) candidates.add(rule);
      for (const { number, index } of lookUps) {
        if (number === EVERY_FIELD) {
          if (view.hasLongLeaves()) index.lookLong(view.foldedLeaves(), view, candidates);
          else index.look(view.foldedWhole(), candidates);
          continue;
        }
        const folded = view.folded(number);
        if (folded !== undefined) {
          if (folded.length > LONG_CHARS) index.lookLong(folded, view, candidates);
          else index.look(folded, candidates);
        } else index.lookAll(view.raw(number), view.foldedList(number), view, candidates);
      }
    },
  };
}

/** What is looked for within one field. A class for the same reason as TextFinder. */
class ValueIndex {
  private readonly needles: Needles;
  private readonly present: number[] = [];
  private readonly exact = new Map<string, number[]>();
  /** Rules by the needle that may stand in a long value. */
  private readonly byNeedle = new Map<number, number[]>();
  /** Those of texts that are no needle: asked of every long value. */
  private readonly unsure: number[] = [];
  /** What asks for prefixes, suffixes and texts within, where there are any. */
  private readonly looks: readonly Look[];

  constructor(
    atoms: readonly { readonly atom: Atom; readonly rule: number }[],
    needles: Needles,
    later: Later,
  ) {
    this.needles = needles;
    const prefixes = new Map<string, number[]>();
    const suffixes = new Map<string, number[]>();
    const contained = new Map<string, number[]>();
    for (const { atom, rule } of atoms) {
      if (atom.kind === 'present') {
        this.present.push(rule);
        continue;
      }
      const needle = needles.number(atom.text, atom.kind);
      if (needle === undefined) this.unsure.push(rule);
      else add(this.byNeedle, needle, rule);
      if (atom.kind === 'exact') add(this.exact, atom.text, rule);
      else if (atom.kind === 'prefix') add(prefixes, atom.text, rule);
      else if (atom.kind === 'suffix') add(suffixes, atom.text, rule);
      else add(contained, atom.text, rule);
    }
    this.looks = [
      ...(prefixes.size > 0 ? [createTrie(prefixes, 'from the start')] : []),
      ...(suffixes.size > 0 ? [createTrie(suffixes, 'from the end')] : []),
      ...(contained.size > 0 ? [createContained(contained, later)] : []),
    ];
  }

  look(folded: string, candidates: Candidates): void {
    addAll(this.present, candidates);
    if (this.exact.size > 0) addAll(this.exact.get(folded) ?? NONE, candidates);
    for (const look of this.looks) look(folded, candidates);
  }

  /** The same for a long text or list, of which all that is looked for in the field is found at once. */
  lookLong(folded: string | readonly string[], view: View, candidates: Candidates): void {
    addAll(this.present, candidates);
    addAll(this.unsure, candidates);
    for (const needle of view.standingIn(this.needles, folded).needles)
      addAll(this.byNeedle.get(needle) ?? NONE, candidates);
  }

  /** For values that are no plain text: each element of a list; anything else only is there. */
  lookAll(raw: unknown, folded: readonly string[] | undefined, view: View, candidates: Candidates): void {
    if (raw === undefined || raw === null) return;
    if (!Array.isArray(raw) || raw.some((element) => element !== null && element !== undefined))
      addAll(this.present, candidates);
    if (folded === undefined) return;
    if (isLong(folded)) this.lookLong(folded, view, candidates);
    else for (const text of folded) this.look(text, candidates);
  }
}

function addAll(rules: readonly number[], candidates: Candidates): void {
  for (const rule of rules) candidates.add(rule);
}

const NONE: readonly number[] = [];

function add<Key>(map: Map<Key, number[]>, key: Key, rule: number): void {
  const known = map.get(key);
  if (known) known.push(rule);
  else map.set(key, [rule]);
}

type Look = (folded: string, candidates: Candidates) => void;

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
  return (folded, candidates) => {
    let node: TrieNode | undefined = root;
    const last = folded.length - 1;
    for (let step = 0; step <= last && node; step += 1) {
      node = node.next.get(folded.charCodeAt(fromEnd ? last - step : step));
      if (node) for (const rule of node.rules) candidates.add(rule);
    }
  };
}

/** Up to this many needles each is asked for in turn; an automaton is made for more. */
const FEW_NEEDLES = 3;

function createContained(needles: ReadonlyMap<string, readonly number[]>, later: Later): Look {
  const texts = [...needles.keys()];
  const rules = [...needles.values()];
  if (texts.length <= FEW_NEEDLES)
    return (folded, candidates) => {
      for (const [number, text] of texts.entries())
        if (folded.includes(text)) for (const rule of rules[number] ?? NONE) candidates.add(rule);
    };
  const finder = later.value(() => new TextFinder(texts));
  return (folded, candidates) => {
    const made = finder();
    const count = made.find(folded);
    for (let place = 0; place < count; place += 1)
      for (const rule of rules[made.found[place] as number] ?? NONE) candidates.add(rule);
  };
}
