/** Bad input gets one line that names the thing and the mend, the right exit code, and costs nothing recorded. */

import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsRoot, type Outcome, run, spoor } from './spoor.ts';

/** One line on stderr, nothing on stdout, exit code 2, and each of the words somewhere in the line. */
function refusedNaming(outcome: Outcome, ...words: (string | RegExp)[]): void {
  assert.equal(outcome.code, 2, outcome.stderr);
  assert.equal(outcome.stdout.length, 0);
  const lines = outcome.stderr.trimEnd().split('\n');
  assert.equal(lines.length, 1, outcome.stderr);
  for (const word of words)
    assert.ok(
      typeof word === 'string' ? outcome.stderr.includes(word) : word.test(outcome.stderr),
      `${outcome.stderr} lacks ${word}`,
    );
}

test('a command that does not exist is refused by name', needsRoot, async (t) => {
  const outcome = await spoor([
    'run',
    '--state',
    join(emptyFolder(t), 'state'),
    '--',
    'no-such-command-here',
    'x',
  ]);
  refusedNaming(outcome, 'no-such-command-here');
});

test('a command that may not be executed is refused by name', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const file = join(folder, 'not-executable');
  writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
  refusedNaming(await spoor(['run', '--state', join(folder, 'state'), '--', file]), file);
});

test('spoor run without a command says how it is used', async () => {
  refusedNaming(await spoor(['run']), /command/i);
});

test('an unknown option is refused, with the one that was meant', async () => {
  refusedNaming(await spoor(['run', '--otpl', 'http://127.0.0.1:1', '--', 'true']), '--otpl', '--otlp');
});

test('an unknown command is refused, with the one that was meant', async () => {
  refusedNaming(await spoor(['verfy']), 'verfy', 'verify');
});

for (const url of ['127.0.0.1:4317', 'ftp://127.0.0.1:4317', 'http://', 'http://127.0.0.1:99999'])
  test(`the receiver "${url}" is refused before the command starts`, needsRoot, async (t) => {
    const folder = emptyFolder(t);
    const made = join(folder, 'made');
    refusedNaming(
      await spoor(['run', '--state', join(folder, 'state'), '--otlp', url, '--', 'touch', made]),
      url,
    );
    assert.ok(!readdirSync(folder).includes('made'));
  });

test('a state folder that is a file is refused', needsRoot, async (t) => {
  const file = join(emptyFolder(t), 'state');
  writeFileSync(file, '');
  refusedNaming(await spoor(['run', '--state', file, '--', 'true']), file);
});

test(
  'a folder that holds something else is not taken for a state folder, and stays as it was',
  needsRoot,
  async (t) => {
    const folder = join(emptyFolder(t), 'photos');
    mkdirSync(folder);
    writeFileSync(join(folder, 'holiday.jpg'), 'x');
    refusedNaming(await spoor(['run', '--state', folder, '--', 'true']), folder);
    assert.deepEqual(readdirSync(folder), ['holiday.jpg']);
  },
);

test('a state folder on a read-only mount is refused', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const mount = 'mount -t tmpfs -o ro none "$0" && exec "$@"';
  const { SPOOR } = await import('../checkout.ts');
  const outcome = await run('unshare', [
    '--mount',
    'bash',
    '-c',
    mount,
    folder,
    SPOOR,
    'run',
    '--state',
    `${folder}/state`,
    '--',
    'true',
  ]);
  refusedNaming(outcome, `${folder}/state`, /EROFS|read-only/i);
});

test(
  'a container with pids of its own is refused: it would tag a process of the host by a number that is not its',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const made = join(folder, 'made');
    const { SPOOR } = await import('../checkout.ts');
    const inside = ['--pid', '--fork', '--mount-proc', SPOOR, 'run', '--state', join(folder, 'state')];
    const outcome = await run('unshare', [...inside, '--', 'touch', made]);
    assert.equal(outcome.code, 3, outcome.stderr);
    assert.match(outcome.stderr, /^spoor: this is a pid namespace of its own.*--pid=host.*\n$/);
    assert.deepEqual(readdirSync(folder).includes('made'), false);
  },
);

for (const verb of ['events', 'verify', 'report'])
  test(`spoor ${verb} of a state folder that does not exist is refused and makes none`, async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'nothing');
    const session = verb === 'report' ? ['01ARZ3NDEKTSV4RRFFQ69G5FAV'] : [];
    refusedNaming(await spoor([verb, '--state', state, ...session]), state);
    assert.deepEqual(readdirSync(folder), []);
  });

test('spoor report of a session that is not in the log names it', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  assert.equal((await spoor(['run', '--state', state, '--', 'true'])).code, 0);
  refusedNaming(
    await spoor(['report', '--state', state, '01ARZ3NDEKTSV4RRFFQ69G5FAV']),
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
  );
});

test('a host key that others can read is refused, with the mode it must have', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  assert.equal((await spoor(['run', '--state', state, '--', 'true'])).code, 0);
  const { stdout } = await run('find', [state, '-perm', '0600', '-name', '*key*']);
  const key = stdout.toString('utf8').trim();
  assert.notEqual(key, '', 'no key file of mode 0600');
  chmodSync(key, 0o644);
  refusedNaming(await spoor(['run', '--state', state, '--', 'true']), key, '0644', 'chmod 600');
  chmodSync(key, 0o600);
  assert.equal((await spoor(['verify', '--state', state])).code, 0);
});

test('a plain user is told that watching takes root', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o777);
  const { SPOOR } = await import('../checkout.ts');
  const probe = await run('setpriv', [
    '--reuid=65534',
    '--regid=65534',
    '--clear-groups',
    'test',
    '-x',
    SPOOR,
  ]);
  if (probe.code !== 0) return t.skip('this checkout lies where a plain user may not look');
  const user = ['--reuid=65534', '--regid=65534', '--clear-groups', SPOOR];
  const outcome = await run('setpriv', [...user, 'run', '--state', join(folder, 'state'), '--', 'true']);
  assert.equal(outcome.code, 3, outcome.stderr);
  assert.equal(outcome.stderr.trimEnd().split('\n').length, 1, outcome.stderr);
  assert.match(outcome.stderr, /root/);
});
