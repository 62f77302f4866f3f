/**
 * What a test began ends with it, the last first: who writes into a folder has ended before the folder is removed.
 * `t.after` alone runs its hooks in the order they were given (Node 20.20).
 */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A test, or the hooks of a suite: whatever runs something at its own end. */
export interface Scope {
  after(end: () => unknown): void;
}

type End = () => unknown;

const begun = new WeakMap<Scope, End[]>();

/** Each runs, whatever another one threw. */
export function atEnd(scope: Scope, end: End): void {
  const ends = begun.get(scope);
  if (ends) {
    ends.push(end);
    return;
  }
  const first = [end];
  begun.set(scope, first);
  scope.after(() => unwind(first));
}

async function unwind(ends: End[]): Promise<void> {
  const failures: unknown[] = [];
  for (let end = ends.pop(); end; end = ends.pop())
    try {
      await end();
    } catch (failure) {
      failures.push(failure);
    }
  if (failures.length) throw failures.length === 1 ? failures[0] : new AggregateError(failures);
}

/** A folder of the scope's own, absolute and without links on its way, gone when the scope ends. */
export function emptyFolder(scope: Scope, prefix = 'spoor-'): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), prefix)));
  atEnd(scope, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
