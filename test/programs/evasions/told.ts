/** What a program says it did: the line of JSON described in tell.h. */

export interface Act {
  /** Name of the event that should tell of it. */
  readonly act: string;
  readonly pid: number;
  /** The truth: numbers, and bytes. */
  readonly fields: ReadonlyMap<string, number | Buffer>;
}

export interface Told {
  readonly evasion: string;
  readonly row: number;
  readonly pid: number;
  readonly did: readonly Act[];
  /** Why this host does not offer the way; undefined when it was taken. */
  readonly notPossible: string | undefined;
}

export function readTold(line: string): Told {
  const told = JSON.parse(line) as {
    evasion: string;
    row: number;
    pid: number;
    did: Record<string, string | number>[];
    not_possible: string | null;
  };
  return {
    evasion: told.evasion,
    row: told.row,
    pid: told.pid,
    did: told.did.map(({ act, pid, ...fields }) => ({
      act: String(act),
      pid: Number(pid),
      fields: new Map(
        Object.entries(fields).map(([name, value]) => [
          name,
          typeof value === 'string' ? Buffer.from(value, 'latin1') : value,
        ]),
      ),
    })),
    notPossible: told.not_possible ?? undefined,
  };
}
