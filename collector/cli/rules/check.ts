/** spoor rules check: what is refused, will never match, or could be better. */

import { lint, type Problem } from '../../detect/lint.ts';
import { loadRules } from './input.ts';
import { say, sayJson } from './say.ts';

export interface CheckOptions {
  readonly paths: readonly string[];
  readonly vars?: string;
  readonly product: string;
  readonly json?: true;
}

/** @returns 0 when nothing worse than a note was found, 1 with warnings, 2 with rules that are refused */
export function check(options: CheckOptions): number {
  const rules = loadRules(options.paths, options.vars);
  const problems = lint(rules, options.product);
  const count = (severity: Problem['severity']) =>
    problems.filter((problem) => problem.severity === severity).length;
  if (options.json) for (const problem of problems) sayJson(problem);
  else {
    for (const { file, place, severity, rule, message, code } of problems)
      say(
        `${file}:${place.line}:${place.column}: ${severity}: ${rule === undefined ? '' : `"${rule}" `}${message} [${code}]`,
      );
    const total = rules.detections.length + rules.correlations.length + rules.filters.length;
    say(`${total} rules; ${count('error')} refused, ${count('warning')} warnings, ${count('note')} notes`);
  }
  if (count('error') > 0) return 2;
  return count('warning') > 0 ? 1 : 0;
}
