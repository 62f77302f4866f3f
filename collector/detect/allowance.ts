/** What one event may cost: of what would cost more, only a part is looked at, and that is told. */

/**
 * Characters of one event that rules see in long values, together: four values as long as one may be. Past it a value
 * is seen by its beginning and end. Folding and searching them costs 5 to 20 ns each, so this is 1 to 3 ms.
 */
export const MAX_EVENT_CHARS = 131_072;

/** Left of each long value of an event that has used up its characters. */
export const MIN_VALUE_CHARS = 512;

/**
 * Steps of tests that go through a value by themselves (expressions, patterns with inner wildcards, addresses): one for
 * each character and CALL_STEPS for each value: ten values as long as one may be. A step is 4 to 6 ns, so this is 1 to
 * 2 ms. Past it such a test fits nothing.
 */
export const MAX_STEPS = 10 * (32_768 + 128);
const CALL_STEPS = 128;

/**
 * What the expressions of a rule set may cost for one event, together: states they make, each as many units as its
 * expression has instructions, and STATE_UNITS. A unit is 12 to 40 ns, so this is 1 to 3 ms. Past it an expression that
 * needs many states looks at a beginning and an end that it can afford, and at last at nothing.
 */
export const MAX_STATE_UNITS = 80_000;

export class Allowance {
  chars = MAX_EVENT_CHARS;
  stateUnits = MAX_STATE_UNITS;
  private steps = MAX_STEPS;

  begin(): void {
    this.chars = MAX_EVENT_CHARS;
    this.stateUnits = MAX_STATE_UNITS;
    this.steps = MAX_STEPS;
  }

  /** Takes the steps of a test on a text. @returns false when they are not left */
  takeSteps(chars: number): boolean {
    const steps = chars + CALL_STEPS;
    if (steps > this.steps) return false;
    this.steps -= steps;
    return true;
  }
}
