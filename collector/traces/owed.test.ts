import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { type Owed, openOwedTraces } from './owed.ts';

function owedBy(session: string): Owed {
  return { destination: 'http://127.0.0.1:4317', session: session.repeat(32), from: 7 };
}

test('a note that cannot be written is trouble and no error, and is written with the next that can', (t) => {
  const directory = join(emptyFolder(t, 'owed-'), 'ship');
  writeFileSync(directory, 'a file in the place of the folder');
  const owed = openOwedTraces(directory);
  owed.note(owedBy('a'));
  assert.equal(
    owed.trouble(),
    `cannot write ${directory}/traces.json (EEXIST): traces of sessions that run now are lost if this process is`,
  );
  assert.deepEqual(owed.of(owedBy('a').destination), [owedBy('a')]);
  rmSync(directory);
  owed.note(owedBy('b'));
  assert.equal(owed.trouble(), '');
  assert.deepEqual(openOwedTraces(directory).of(owedBy('a').destination), [owedBy('a'), owedBy('b')]);
});
