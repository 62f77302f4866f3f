/** Regular expressions written by users: matched in linear time, whatever they and the event contain. */

import { createRequire } from 'node:module';
import type { RE2JS } from 're2js';
import { ANY, type Pattern } from './pattern.ts';

/** Cost of a compiled expression is about 100 B an instruction. Past it the rule is refused. */
const MAX_PROGRAM = 20_000;

export interface Regex {
  test(text: string): boolean;
}

const require = createRequire(import.meta.url);
let library: typeof import('re2js') | undefined;

/** Loaded with the first expression: it takes 30 ms, and most sessions never get as far as an expression. */
function re2(): typeof RE2JS {
  library ??= require('re2js') as typeof import('re2js');
  return library.RE2JS;
}

/** Expressions are checked when a rule is read and wanted again when it is compiled: each is compiled once. */
const compiled = new Map<string, RE2JS>();

/** Why an expression cannot be used, or undefined when it can. */
export function checkRegex(source: string, flags: string): string | undefined {
  try {
    const size = compile(source, flags).programSize();
    if (size > MAX_PROGRAM)
      return `compiles to ${size} steps, more than ${MAX_PROGRAM}; make its repetitions smaller`;
    return undefined;
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}; write it as RE2 reads it: no look-around, no back-reference`;
  }
}

/** @throws when checkRegex has a cause against it */
export function compileRegex(source: string, flags: string): Regex {
  return compile(source, flags);
}

/** A Sigma string as an expression. */
export function quotePattern(pattern: Pattern): string {
  return pattern
    .map((piece) => (typeof piece === 'string' ? re2().quote(piece) : piece === ANY ? '.*' : '.'))
    .join('');
}

function compile(source: string, flags: string): RE2JS {
  const key = `${flags}/${source}`;
  const known = compiled.get(key);
  if (known) return known;
  let bits = 0;
  if (flags.includes('i')) bits |= re2().CASE_INSENSITIVE;
  if (flags.includes('m')) bits |= re2().MULTILINE;
  if (flags.includes('s')) bits |= re2().DOTALL;
  const regex = re2().compile(source, bits);
  compiled.set(key, regex);
  return regex;
}
