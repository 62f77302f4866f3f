// The programs themselves, without a sensor: strace is the witness that each goes the way it says.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startOutside } from './outside.ts';
import { readTable } from './table.ts';
import { readTold } from './told.ts';

const table = readTable();
const folder = mkdtempSync(join(tmpdir(), 'spoor-evasions-'));
chmodSync(folder, 0o755); // some programs go on as another user
const outside = await startOutside(folder);
after(() => {
  outside.stop();
  spawnSync('rm', ['-rf', folder]); // node:fs works by whole paths, and one of these is longer than PATH_MAX
});

test('at least 60 programs cover rows 1 to 41 and 50 to 53 of the catalogue', () => {
  const rows = new Set(table.map((evasion) => evasion.row));
  const wanted = [...Array(41).keys()].map((row) => row + 1).concat(50, 51, 52, 53);
  assert.deepEqual(
    wanted.filter((row) => !rows.has(row)),
    [],
  );
  assert.ok(table.length >= 60);
});

for (const evasion of table) {
  test(`${evasion.id} goes the way it says: ${evasion.does}`, (t) => {
    const scratch = join(folder, evasion.id);
    const traces = join(folder, `${evasion.id}.trace`);
    mkdirSync(scratch);
    mkdirSync(traces);
    // One file a process (-ff): no call is cut in two by another process's.
    const { status, stdout, stderr } = spawnSync(
      'strace',
      ['-ff', '-s', '300', '-o', join(traces, 'of'), evasion.program, scratch, ...outside.args],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    assert.equal(status, 0, stderr);
    const told = readTold(stdout);
    assert.deepEqual([told.evasion, told.row], [evasion.id, evasion.row]);
    if (told.notPossible !== undefined) {
      t.diagnostic(`not possible here: ${told.notPossible}`);
      return;
    }
    assert.ok(told.did.length > 0, 'it did nothing');
    const trace = readdirSync(traces)
      .map((file) => readFileSync(join(traces, file), 'latin1'))
      .join('')
      .replaceAll(/ += /g, ' = '); // strace aligns results
    assert.ok(evasion.trace.test(trace), `no call matches ${evasion.trace}`);
    assert.ok(!evasion.without?.test(trace), `a call matches ${evasion.without}`);
  });
}
