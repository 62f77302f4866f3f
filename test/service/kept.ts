/** A place for the watch that outlives its service: a bpf file system of the test's own. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atEnd, type Scope } from '../at-end.ts';

/** @returns the folder to keep the watch in; whatever is left there is out of the kernel after the test */
export function keepIn(t: Scope): string {
  const mount = mkdtempSync(join(tmpdir(), 'spoor-kept-'));
  const { status, stderr } = spawnSync('mount', ['-t', 'bpf', 'bpf', mount], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  atEnd(t, () => {
    assert.equal(spawnSync('umount', ['--lazy', mount]).status, 0);
    rmdirSync(mount);
  });
  return join(mount, 'spoor');
}
