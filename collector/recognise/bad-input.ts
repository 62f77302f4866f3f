/** Wrong input, told to whoever wrote it. */

/** Mistakes told at once. One wrong indent can make hundreds; past this the rest is counted. */
const MAX_PROBLEMS = 20;

/** The input is wrong: one line a mistake, each naming file, line, column, value and mend. */
export class BadInput extends Error {
  override readonly name = 'BadInput';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, MAX_PROBLEMS);
    if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
    super(shown.join('\n'));
    this.problems = problems;
  }
}
