/** Whether an expression can be made to cost much: one that needs many states makes a new one for each character. */

import type { RE2JS } from 're2js';

/** States of an expression that needs few; made once, they are looked up from then on: 10 ns a character. */
const MAX_STATES = 2_000;
/** Instructions gone through to find the states: 0.2 s, once for an expression. Past it they count as many. */
const MAX_STEPS = 2_500_000;

/** What re2js keeps of an automaton's state. */
interface State {
  readonly nfaStates: readonly number[];
  readonly isMatch: boolean;
}

/** Where a text begins: Utils.EMPTY_BEGIN_TEXT and EMPTY_BEGIN_LINE of re2js. */
const AT_THE_BEGINNING = { context: () => 0x04 | 0x01, step: () => -1 };
/** RE2Flags.UNANCHORED of re2js. */
const ANYWHERE = 0;
/** END_TEXT of re2js, a kind of character of its own. */
const END_OF_TEXT = -1;

/** Makes all states that any text can lead to, unless they are many. */
export function needsManyStates(regex: RE2JS): boolean {
  const { dfa, onepass } = regex.re2Input;
  // It is done with in one pass, in which no state is made.
  if (onepass !== null) return false;
  if (dfa.failed) return true;
  const first = dfa.start(AT_THE_BEGINNING, 0) as State | null;
  if (first === null) return true;
  const found = new Set([first]);
  let steps = 0;
  // A set gives what is added while it is gone through as well.
  for (const state of found) {
    if (state.isMatch) continue;
    for (let kind = 0; kind <= dfa.numClasses; kind += 1) {
      const character = kind === dfa.numClasses ? END_OF_TEXT : kind === 0 ? 0 : dfa.classBounds[kind - 1];
      const next = dfa.step(state, kind, character, ANYWHERE) as State | null;
      steps += state.nfaStates.length;
      if (next === null || found.size > MAX_STATES || steps > MAX_STEPS) return true;
      found.add(next);
    }
  }
  return false;
}

export interface StateBound {
  /** States worked out since `begin`: what an expression costs past 10 ns a character. */
  readonly made: number;
  /** Up to `most` more states may be made; the next one throws OutOfStates. */
  begin(most: number): void;
}

export class OutOfStates extends Error {}

/** An automaton that is left between two states loses nothing: it writes a step down when the next state is made. */
export function boundStates(regex: RE2JS): StateBound {
  let made = 0;
  let most = Number.POSITIVE_INFINITY;
  const { dfa } = regex.re2Input;
  const makeState = dfa.makeState.bind(dfa);
  dfa.makeState = (...state) => {
    if (made >= most) throw OUT_OF_STATES;
    made += 1;
    return makeState(...state);
  };
  return {
    get made() {
      return made;
    },
    begin(more) {
      made = 0;
      most = more;
    },
  };
}

/** One for all: making an error takes as long as making a state. */
const OUT_OF_STATES = new OutOfStates();
