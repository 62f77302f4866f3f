/** The report a person reads at the end of a session. */

import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { needsRoot, spoor } from './spoor.ts';

/** More than the report remembers one by one. */
const FOLDERS = 300;

test(
  'a credentials file read last is named, however many files were opened before it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    // Not in a scratch folder as /tmp is, where reading is nothing to tell of.
    const outside = join('/srv', `spoor-test-${process.pid}`);
    atEnd(t, () => rmSync(outside, { recursive: true }));
    for (let number = 0; number < FOLDERS; number++) {
      mkdirSync(join(outside, String(number)), { recursive: true });
      writeFileSync(join(outside, String(number), 'file'), 'x');
    }
    mkdirSync(join(outside, '.aws'));
    writeFileSync(join(outside, '.aws/credentials'), 'x');
    const command = ['bash', '-c', `cat ${outside}/*/file > /dev/null; cat ${outside}/.aws/credentials`];
    const run = ['run', '--state', join(folder, 'state'), '--', ...command];
    const { stderr } = await spoor(run, { cwd: folder });
    const named = stderr
      .split('\n')
      .filter((line) => line.includes(`${outside}/.aws/credentials  credentials, by cat`));
    assert.equal(named.length, 1, stderr);
    assert.match(stderr, /\d+ more uses found no room/);
  },
);

test(
  'a hundred files in a hidden folder outside are one line, with the folder and how many',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const work = join(folder, 'work');
    mkdirSync(work);
    const home = join('/srv', `.spoor-test-${process.pid}`);
    mkdirSync(home);
    atEnd(t, () => rmSync(home, { recursive: true }));
    const command = ['bash', '-c', `for n in $(seq 100); do echo x > ${home}/$n; done`];
    const { stderr } = await spoor(['run', '--state', join(folder, 'state'), '--', ...command], {
      cwd: work,
    });
    assert.match(
      stderr,
      new RegExp(`wrote +${home.replace('.', '\\.')}/  100 opens, outside the working folder, by bash`),
    );
    assert.match(stderr, /\d+ read, 100 written/);
  },
);
