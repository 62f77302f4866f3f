/** Witnesses: for each rule, simple facts of which at least one is true of every event the rule matches. */

import type { Expression, ValueTest } from './expression.ts';
import { requiredTexts } from './literal.ts';
import { ANY, fold, foldPattern, type Pattern, shapeOf } from './pattern.ts';

/** Facts of one rule. A rule that would need more is asked of every event that has one of its fields, or of all. */
const MAX_ATOMS = 256;

/** Name of the pseudo field that means every value of the event. */
export const EVERY_VALUE = '';

/** One fact about a field's value, case folded. `present`: the field has a value. */
export interface Atom {
  readonly field: string;
  readonly kind: 'exact' | 'prefix' | 'suffix' | 'contains' | 'present';
  readonly text: string;
}

/**
 * The cheapest set of facts; undefined when an event may match without any (a rule that only negates).
 * @param commonness how common a fact is, more is worse
 */
export function witnessOf(
  expression: Expression,
  commonness: (atom: Atom) => number,
): readonly Atom[] | undefined {
  switch (expression.kind) {
    case 'not':
      return undefined;
    case 'named':
      return witnessOf(expression.part, commonness);
    case 'or': {
      const atoms: Atom[] = [];
      for (const part of expression.parts) {
        const inner = witnessOf(part, commonness);
        if (!inner || atoms.length + inner.length > MAX_ATOMS) return undefined;
        atoms.push(...inner);
      }
      return atoms;
    }
    case 'and': {
      let best: readonly Atom[] | undefined;
      let bestCost = Number.POSITIVE_INFINITY;
      for (const part of expression.parts) {
        const inner = witnessOf(part, commonness);
        const cost = inner?.reduce((sum, atom) => sum + commonness(atom), 0) ?? Number.POSITIVE_INFINITY;
        if (cost < bestCost) {
          best = inner;
          bestCost = cost;
        }
      }
      return best;
    }
    case 'field':
      return atomsOf(expression.field, expression.test);
    case 'keyword':
      return keywordAtoms(expression.test);
  }
}

/** Every fact that a rule may be indexed by, to count how many rules share one. */
export function eachAtom(expression: Expression, visit: (atom: Atom) => void): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      for (const part of expression.parts) eachAtom(part, visit);
      break;
    case 'named':
      eachAtom(expression.part, visit);
      break;
    case 'field':
      for (const atom of atomsOf(expression.field, expression.test) ?? []) visit(atom);
      break;
    case 'keyword':
      for (const atom of keywordAtoms(expression.test) ?? []) visit(atom);
      break;
    case 'not':
      break;
  }
}

function atomsOf(field: string, test: ValueTest): readonly Atom[] | undefined {
  switch (test.kind) {
    case 'text':
      return [patternAtom(field, test.pattern)];
    case 'number': {
      // An event's number is looked up by the shortest text for it: that of 2^60 has other digits than the rule.
      const texts = new Set([fold(test.source), String(test.value), String(Number(test.value))]);
      return [...texts].map((text): Atom => ({ field, kind: 'exact', text }));
    }
    case 'boolean':
      return [{ field, kind: 'exact', text: String(test.value) }];
    case 'regex':
      return (
        requiredTexts(test.source, test.flags)?.map((text): Atom => ({ field, kind: 'contains', text })) ??
        present(field)
      );
    case 'compare':
    case 'time':
    case 'cidr':
    case 'fieldref':
      return present(field);
    case 'exists':
    case 'null':
      return undefined;
  }
}

function present(field: string): readonly Atom[] {
  return [{ field, kind: 'present', text: '' }];
}

function patternAtom(field: string, pattern: Pattern): Atom {
  const folded = foldPattern(pattern);
  const shape = shapeOf(folded);
  if (shape.kind === 'any') return { field, kind: 'present', text: '' };
  if (shape.kind !== 'general')
    return shape.kind === 'exact' || shape.text !== ''
      ? { field, ...shape }
      : { field, kind: 'present', text: '' };
  const texts = folded.filter((piece) => typeof piece === 'string');
  const longest = texts.reduce((best, text) => (text.length > best.length ? text : best), '');
  if (longest === '') return { field, kind: 'present', text: '' };
  if (folded[0] === longest) return { field, kind: 'prefix', text: longest };
  if (folded.at(-1) === longest && folded.at(-2) === ANY) return { field, kind: 'suffix', text: longest };
  return { field, kind: 'contains', text: longest };
}

/** Keywords are contained in some value: a fact about the pseudo field that means every value. */
function keywordAtoms(test: ValueTest): readonly Atom[] | undefined {
  const atoms = atomsOf(EVERY_VALUE, test);
  return atoms?.every(({ kind, text }) => kind !== 'present' && text !== '')
    ? atoms.map((atom): Atom => ({ ...atom, kind: 'contains' }))
    : undefined;
}

/** How common a fact is likely to be: by its kind and length, times the rules that share it. */
export function commonnessAmong(expressions: readonly Expression[]): (atom: Atom) => number {
  const shared = new Map<string, number>();
  for (const expression of expressions) {
    const own = new Set<string>();
    eachAtom(expression, (atom) => own.add(keyOf(atom)));
    for (const key of own) shared.set(key, (shared.get(key) ?? 0) + 1);
  }
  return (atom) => weightOf(atom) * (shared.get(keyOf(atom)) ?? 1);
}

function keyOf(atom: Atom): string {
  return `${atom.kind}\0${atom.field}\0${atom.text}`;
}

function weightOf({ kind, text, field }: Atom): number {
  const everywhere = field === EVERY_VALUE ? 20 : 1;
  switch (kind) {
    case 'exact':
      return 0.5;
    case 'suffix':
      return 4 / (1 + text.length);
    case 'prefix':
      return 6 / (1 + text.length);
    case 'contains':
      return (everywhere * 10) / (1 + text.length);
    case 'present':
      return 100;
  }
}
