/** Regular expressions written by users: matched in linear time, whatever they and the event contain. */

import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { MAX_STATE_UNITS } from './allowance.ts';
import { shortenText } from './huge.ts';
import { ANY, type Pattern } from './pattern.ts';
import { boundStates, needsManyStates, OutOfStates, type StateBound } from './states.ts';

/** Cost of a compiled expression is about 100 B an instruction. Past it the rule is refused. */
const MAX_PROGRAM = 20_000;

/** What making a state costs beside its instructions. */
const STATE_UNITS = 256;
/** An expression that could not afford to look at so many is refused. */
const MIN_LOOK_CHARS = 64;

export interface Regex {
  test(text: string): boolean;
  /** The same, as far as the units go. */
  testWithin(text: string, units: number): Look;
}

export interface Look {
  readonly fits: boolean;
  /** Units that the look took. */
  readonly units: number;
  /** Characters that were not looked at. */
  readonly leftOut: number;
}

const require = createRequire(import.meta.url);
let library: typeof import('re2js') | undefined;

/** Loaded with the first expression: it takes 30 ms, and most sessions never get as far as an expression. */
function re2(): typeof RE2JS {
  library ??= require('re2js') as typeof import('re2js');
  return library.RE2JS;
}

/** Expressions are checked when a rule is read and wanted again when it is compiled: each is compiled once. */
const compiled = new Map<string, Compiled>();

/** Why an expression cannot be used, or undefined when it can. */
export function checkRegex(source: string, flags: string): string | undefined {
  try {
    return compile(source, flags).cause();
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}; write it as RE2 reads it: no look-around, no back-reference`;
  }
}

/**
 * Ready to be asked: an expression works out the kinds of characters that it tells apart before its first text.
 * @throws when checkRegex has a cause against it
 */
export function compileRegex(source: string, flags: string): Regex {
  const regex = compile(source, flags);
  regex.prepare();
  return regex;
}

/** A Sigma string as an expression. */
export function quotePattern(pattern: Pattern): string {
  return pattern
    .map((piece) => (typeof piece === 'string' ? re2().quote(piece) : piece === ANY ? '.*' : '.'))
    .join('');
}

function compile(source: string, flags: string): Compiled {
  const key = `${flags}/${source}`;
  const known = compiled.get(key);
  if (known) return known;
  let bits = 0;
  if (flags.includes('i')) bits |= re2().CASE_INSENSITIVE;
  if (flags.includes('m')) bits |= re2().MULTILINE;
  if (flags.includes('s')) bits |= re2().DOTALL;
  const regex = new Compiled(re2().compile(source, bits));
  compiled.set(key, regex);
  return regex;
}

class Compiled implements Regex {
  private readonly regex: RE2JS;
  private readonly unitsEach: number;
  private bound: StateBound | undefined;

  constructor(regex: RE2JS) {
    this.regex = regex;
    this.unitsEach = regex.programSize() + STATE_UNITS;
  }

  /** Why the expression would cost too much. */
  cause(): string | undefined {
    const size = this.regex.programSize();
    if (size > MAX_PROGRAM)
      return `compiles to ${size} steps, more than ${MAX_PROGRAM}; make its repetitions smaller`;
    if (this.unitsEach * MIN_LOOK_CHARS > MAX_STATE_UNITS && needsManyStates(this.regex))
      return `compiles to ${size} steps and needs so many states that ${MIN_LOOK_CHARS} characters could cost more than an event may; make its repetitions smaller, or write it as several`;
    return undefined;
  }

  prepare(): void {
    this.bound ??= boundStates(this.regex);
    this.regex.test('');
  }

  test(text: string): boolean {
    return this.regex.test(text);
  }

  testWithin(text: string, units: number): Look {
    const affordable = Math.floor(Math.max(0, units) / this.unitsEach);
    if (text.length <= affordable) return this.look(text, affordable);
    if (affordable < 2) return { fits: false, units: 0, leftOut: text.length };
    // Most expressions make few states of any text. One that does not gets the other half for both ends of the text.
    const half = Math.floor(affordable / 2);
    const whole = this.look(text, half);
    if (whole.leftOut === 0) return whole;
    const ends = this.look(shortenText(text, half), half);
    return { fits: ends.fits, units: whole.units + ends.units, leftOut: text.length - half };
  }

  /** Looks at a text until more than `most` states had to be made for it. */
  private look(text: string, most: number): Look {
    this.bound ??= boundStates(this.regex);
    this.bound.begin(most);
    try {
      const fits = this.regex.test(text);
      return { fits, units: this.bound.made * this.unitsEach, leftOut: 0 };
    } catch (error) {
      if (!(error instanceof OutOfStates)) throw error;
      return { fits: false, units: this.bound.made * this.unitsEach, leftOut: text.length };
    }
  }
}
