import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lostOf, needsSensor, watch } from '../../test/programs/session.ts';

interface Changes {
  /** Each change that was made or tried, in order: the event it is, and the last name of its path. */
  readonly changes: readonly { readonly event: string; readonly name: string; readonly errno: number }[];
}

const KINDS = [
  'file.create',
  'file.delete',
  'file.rename',
  'file.link',
  'file.attributes',
  'file.truncate',
] as const;

test(
  'each change of a name or property is one event with its outcome, in the order it was made',
  needsSensor,
  async (t) => {
    const { truth, ofSession, sensor } = await watch<Changes>(t, 'changes', [emptyFolder(t)]);
    const seen = ofSession.flatMap((event) => {
      const kind = KINDS.find((known) => known === event.kind);
      if (!kind || !('path' in event) || !('errno' in event) || event.path === undefined) return [];
      const path = event.path.toString('latin1');
      return [{ event: kind, name: path.slice(path.lastIndexOf('/') + 1), errno: event.errno }];
    });
    assert.deepEqual(seen, truth.changes);
    assert.equal(lostOf(sensor), 0n);
  },
);
