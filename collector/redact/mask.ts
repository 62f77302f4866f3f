/** Masks the secrets in a text, or in the arguments of a program. Time grows with the length and nothing else. */

import { ARGUMENT_END, findAssignments } from './assignments.ts';
import { findFlagged } from './flags.ts';
import { findShapes } from './shapes.ts';
import { maskSpans, type Span } from './span.ts';
import { findStatements } from './statements.ts';
import { findUserinfo } from './urls.ts';

/** A path, a URL, a name: the same text when it holds no secret. */
export function maskText(text: string): string {
  const spans: Span[] = [];
  findShapes(text, spans);
  findUserinfo(text, spans);
  findAssignments(text, () => false, spans);
  return spans.length === 0 ? text : maskSpans(text, spans);
}

/** The arguments of a program, the first its name: the same array when there is no secret in them. */
export function maskArguments(args: readonly string[]): readonly string[] {
  const line = args.join(ARGUMENT_END);
  const isScriptAt = scriptsIn(args);
  const spans: Span[] = [];
  findShapes(line, spans);
  findUserinfo(line, spans);
  findAssignments(line, isScriptAt, spans);
  findStatements(line, spans);
  findFlagged(line, isScriptAt, spans);
  if (spans.length === 0) return args;
  return maskSpans(
    line,
    spans.flatMap((span) => withinArguments(line, span)),
  ).split(ARGUMENT_END);
}

/** A key given as several arguments is one span; each part is masked in its own, so that they come apart again. */
function withinArguments(line: string, span: Span): Span[] {
  const parts: Span[] = [];
  let from = span.from;
  for (
    let end = line.indexOf(ARGUMENT_END, from);
    end >= 0 && end < span.to;
    end = line.indexOf(ARGUMENT_END, from)
  ) {
    parts.push({ from, to: end });
    from = end + 1;
  }
  parts.push({ from, to: span.to });
  return parts.filter((part) => part.from < part.to);
}

/** bash -c, sh -lc, su -c; python -c, whose assignments look the same. */
const SCRIPT_FLAG = /^-[A-Za-z]{0,8}c$/;
const SHELL = /(?:^|\/)(?:(?:ba|da|z|k|c|tc|fi|a)?sh|su|python[0-9.]*)$/;
/** Programs that hand their words to a shell. */
const SHELL_FEEDERS = /(?:^|\/)(?:ssh|eval|watch|parallel|script|entr)$/;

/** Says of each place in the joined arguments whether a shell reads it. */
function scriptsIn(args: readonly string[]): (at: number) => boolean {
  const feedsShell = SHELL_FEEDERS.test(args[0] ?? '');
  const scripts: Span[] = [];
  let sawShell = false;
  let from = 0;
  for (const [index, arg] of args.entries()) {
    const to = from + arg.length;
    const isCommand = sawShell && SCRIPT_FLAG.test(args[index - 1] ?? '');
    const isScript = isCommand || (index > 0 && ((feedsShell && arg.includes(' ')) || arg.includes('\n')));
    sawShell ||= SHELL.test(arg);
    if (isScript) scripts.push({ from, to });
    from = to + ARGUMENT_END.length;
  }
  if (scripts.length === 0) return () => false;
  const isScript = new Uint8Array(from);
  for (const script of scripts) isScript.fill(1, script.from, script.to + 1);
  return (at) => isScript[at] === 1;
}
