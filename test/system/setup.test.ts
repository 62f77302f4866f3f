/** Set-up says in one line what a machine lacks, and leaves one that lacks nothing alone. */

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder, type Scope } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { needsRoot, type Outcome, run } from './spoor.ts';

const SETUP = join(CHECKOUT, 'setup.sh');
const NEEDED = [
  'bash',
  'dirname',
  'uname',
  'printf',
  'sort',
  'head',
  'id',
  'grep',
  'mkdir',
  'tail',
  'dpkg-query',
  'npm',
  'node',
];

/** A folder for PATH with the host's programs, some left out and some replaced by a script. */
async function pathWith(t: Scope, replaced: Readonly<Record<string, string | undefined>>): Promise<string> {
  const folder = join(emptyFolder(t), 'bin');
  mkdirSync(folder);
  for (const name of NEEDED) {
    if (name in replaced) continue;
    const { stdout } = await run('bash', ['-c', `type -P ${name}`]);
    symlinkSync(stdout.toString('utf8').trim(), join(folder, name));
  }
  for (const [name, script] of Object.entries(replaced))
    if (script !== undefined) writeFileSync(join(folder, name), `#!/bin/bash\n${script}\n`, { mode: 0o755 });
  return folder;
}

function refusedNaming(outcome: Outcome, ...words: readonly string[]): void {
  assert.equal(outcome.code, 3, outcome.stderr);
  assert.equal(outcome.stdout.length, 0);
  assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
  for (const word of words) assert.ok(outcome.stderr.includes(word), `${outcome.stderr} lacks ${word}`);
}

test('a machine that has everything is left alone, without a word', needsRoot, async () => {
  const outcome = await run(SETUP, ['watch']);
  assert.deepEqual([outcome.code, outcome.stdout.toString('utf8'), outcome.stderr], [0, '', '']);
});

test('a machine without Node is told which version to install', async (t) => {
  const PATH = await pathWith(t, { node: undefined });
  refusedNaming(await run(SETUP, [], { env: { PATH } }), 'Node is missing', '20.18');
});

for (const version of ['18.20.4', '20.9.0'])
  test(`Node ${version} is refused, with the version that is needed`, async (t) => {
    const PATH = await pathWith(t, { node: `echo ${version}` });
    refusedNaming(await run(SETUP, [], { env: { PATH } }), version, '20.18');
  });

test('another processor is refused by name', async (t) => {
  const PATH = await pathWith(t, { uname: 'echo Linux aarch64' });
  refusedNaming(await run(SETUP, [], { env: { PATH } }), 'aarch64');
});

test('a plain user is told that watching takes root, and that a package is missing, and installs nothing', async (t) => {
  const plain = { id: '[ "$1" = -u ] && echo 1000 || echo somebody' };
  refusedNaming(await run(SETUP, ['watch'], { env: { PATH: await pathWith(t, plain) } }), 'root', 'somebody');
  const bare = { ...plain, 'dpkg-query': 'exit 1' };
  refusedNaming(await run(SETUP, [], { env: { PATH: await pathWith(t, bare) } }), 'apt-get install', 'clang');
});

test('when apt-get cannot install, its reason is in the line', async (t) => {
  const PATH = await pathWith(t, {
    id: 'echo 0',
    'dpkg-query': 'exit 1',
    'apt-get': 'echo "E: Unable to locate package bpftool"; exit 100',
  });
  const outcome = await run(SETUP, [], { env: { PATH } });
  assert.equal(outcome.code, 3);
  assert.match(outcome.stderr.trimEnd(), /^set-up: .*E: Unable to locate package bpftool.*$/);
});
