import type { Scope } from '../at-end.ts';

/** Does something, and ends what it left running, whether it held or not; what was made last ends first. */
export async function inScope<T>(act: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => unknown)[] = [];
  try {
    return await act({ after: (end) => ends.unshift(end) });
  } finally {
    for (const end of ends) await end();
  }
}
