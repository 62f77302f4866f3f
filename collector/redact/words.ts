/**
 * The words of a command line, of arguments and of the shell text within them alike.
 *
 * Quotes separate words like blanks do: what a quoted script says is looked into, and a value in quotes is
 * measured to its closing quote by who masks it.
 */

import { ARGUMENT_END } from './assignments.ts';
import type { Span } from './span.ts';

export interface Word extends Span {
  readonly text: string;
  /** The first word of a command: after ; | & ( or a line's end, or of the whole line. */
  readonly beginsCommand: boolean;
  /** The word is an argument, whole. */
  readonly isArgument: boolean;
}

export function wordsOf(line: string, isScriptAt: (at: number) => boolean): Word[] {
  const words: Word[] = [];
  let beginsCommand = true;
  for (let at = 0; at < line.length; ) {
    const character = line.charAt(at);
    if (character === ARGUMENT_END) {
      // The next argument belongs to the same command; a script in it begins commands of its own.
      beginsCommand = isScriptAt(at + 1);
      at += 1;
      continue;
    }
    if (COMMAND_END.has(character)) {
      beginsCommand = true;
      at += 1;
      continue;
    }
    if (BREAK.has(character)) {
      at += 1;
      continue;
    }
    let to = at + 1;
    while (to < line.length && !BREAK.has(line.charAt(to)) && !COMMAND_END.has(line.charAt(to))) to += 1;
    const isArgument = isEdge(line, at - 1) && isEdge(line, to);
    words.push({ from: at, to, text: line.slice(at, to), beginsCommand, isArgument });
    beginsCommand = false;
    at = to;
  }
  return words;
}

const BREAK = new Set(` \t\r"'\`<>\\${ARGUMENT_END}`.split(''));
const COMMAND_END = new Set(';|&()\n'.split(''));

function isEdge(line: string, at: number): boolean {
  return at < 0 || at >= line.length || line[at] === ARGUMENT_END;
}
