/** The shape of one row of the fault table (docs/faults.md). */

/** How much is tried: `ci` fits the checks of every change, `full` is what the table in docs/ was made with. */
export type FaultSize = 'ci' | 'full';

/** What came of a fault, where everything that was promised held. */
export interface FaultOutcome {
  /** What was detected, refused or recovered; one line for a person. */
  readonly happened: string;
  /** Records that were sealed, or handed over to be, and are nowhere now. Stated ones count too: the line above says so. */
  readonly lost: number;
}

/** Something that goes wrong, and what Spoor promises about it. */
export interface Fault {
  /** What was done to it, such as "receiver answers UNAVAILABLE 50 times". */
  readonly name: string;
  /** @throws AssertionError when a promise did not hold; the row is then broken, and `make test-faults` fails */
  run(size: FaultSize): Promise<FaultOutcome>;
}
