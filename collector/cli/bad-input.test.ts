import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { SPOOR } from '../../test/checkout.ts';
import { NEEDS_ROOT, type Ran, spoor } from '../../test/spoor.ts';
import { openHostKey } from '../seal/hostkey.ts';
import { openSeal } from '../seal/seal.ts';

const needsRoot = { skip: NEEDS_ROOT };

/** One line on stderr, exactly this, nothing on stdout, and the exit code. */
function assertRefused(ran: Ran, code: number, line: string | RegExp): void {
  if (typeof line === 'string') assert.equal(ran.stderr, `spoor: ${line}\n`);
  else assert.match(ran.stderr, line);
  assert.equal(ran.stderr.trimEnd().split('\n').length, 1, ran.stderr);
  assert.equal(ran.stdout, '');
  assert.equal(ran.code, code);
}

test('an unknown option is named, with the one that was meant', async () => {
  assertRefused(
    await spoor(['run', '--ottlp', 'http://127.0.0.1:1', '--', 'true']),
    2,
    "unknown option '--ottlp'; Did you mean --otlp?; see: spoor --help",
  );
});

test('an unknown command is named, with the one that was meant', async () => {
  assertRefused(
    await spoor(['raport', 'last']),
    2,
    "unknown command 'raport'; Did you mean report?; see: spoor --help",
  );
});

test('a run without COMMAND says so', async () => {
  assertRefused(await spoor(['run']), 2, "missing required argument 'command'; see: spoor --help");
});

test('a command that is not in PATH is named before anything is made', async (t) => {
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor(['run', '--state', state, '--', 'no-such-agent']);
  assertRefused(ran, 2, 'no-such-agent: no such command in PATH; name it by its path, or install it');
  assert.equal(fs.existsSync(state), false);
});

test('a command that is a folder, absent, or may not be run is named with the cause', async (t) => {
  const folder = emptyFolder(t);
  const file = join(folder, 'script');
  fs.writeFileSync(file, '#!/bin/sh\n', { mode: 0o644 });
  const run = (command: string) => spoor(['run', '--state', join(folder, 'state'), '--', command]);
  assertRefused(await run(folder), 2, `${folder}: is a folder; name the program in it`);
  assertRefused(await run(`${file}.sh`), 2, `${file}.sh: no such file; check the path`);
  assertRefused(
    await run(file),
    2,
    `${file}: cannot be run (permission denied); chmod +x it, or run as a user who may`,
  );
});

test('a folder that is not a state folder is left as it was', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  fs.writeFileSync(join(folder, 'thesis.tex'), 'years of work');
  const ran = await spoor(['run', '--state', folder, '--', 'true']);
  assertRefused(
    ran,
    2,
    `${folder} is not a Spoor state folder (it has no spoor.json) and is not empty; name another by --state`,
  );
  assert.deepEqual(fs.readdirSync(folder), ['thesis.tex']);
});

test('a state folder of a later format is left to the Spoor that wrote it', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const folder = emptyFolder(t);
  fs.writeFileSync(join(folder, 'spoor.json'), '{"spoor":"state","format":9}\n');
  for (const args of [
    ['run', '--state', folder, '--', 'true'],
    ['events', '--state', folder],
  ]) {
    assertRefused(
      await spoor(args),
      2,
      `${join(folder, 'spoor.json')} says format 9, and this Spoor knows up to 1; use the newer Spoor that wrote it`,
    );
  }
});

test('a state folder of somebody else is refused', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  fs.chownSync(folder, 65534, 65534);
  assertRefused(
    await spoor(['run', '--state', folder, '--', 'true']),
    2,
    `${folder} belongs to uid 65534 and this is uid 0; run as its owner, or name another by --state`,
  );
});

test('a state folder on a read-only file system is refused', needsRoot, async (t) => {
  const folder = fs.mkdtempSync('/tmp/spoor-ro-');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', folder]);
  t.after(() => {
    execFileSync('umount', [folder]);
    fs.rmdirSync(folder);
  });
  const run = (state: string) => spoor(['run', '--state', state, '--', 'true']);
  assertRefused(
    await run(folder),
    2,
    `${folder} cannot be written (EROFS); remount its file system for writing, or name another by --state`,
  );
  assertRefused(
    await run(join(folder, 'below')),
    2,
    /^spoor: \S+below cannot be made \(EROFS\); name another state folder/,
  );
});

test(
  'a disk that is full is told in a line, whether the state folder is new or not',
  needsRoot,
  async (t) => {
    const disk = fs.mkdtempSync('/tmp/spoor-full-');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk]);
    t.after(() => {
      execFileSync('umount', [disk]);
      fs.rmdirSync(disk);
    });
    const [used, fresh] = [join(disk, 'used'), join(disk, 'fresh')];
    for (const folder of [used, join(used, 'log'), fresh]) fs.mkdirSync(folder, { mode: 0o700 });
    fs.writeFileSync(join(used, 'spoor.json'), '{"spoor":"state","format":1}\n');
    openHostKey(join(used, 'key'));
    assert.throws(() => fs.writeFileSync(join(disk, 'rest'), Buffer.alloc(1 << 20)), { code: 'ENOSPC' });
    const run = (state: string) => spoor(['run', '--state', state, '--', 'true']);
    assertRefused(
      await run(used),
      2,
      `${used}/log takes no lock file (ENOSPC); see to its disk and mode, or use another --state`,
    );
    assert.deepEqual(fs.readdirSync(join(used, 'log')), []);
    assertRefused(
      await run(fresh),
      2,
      `${fresh} cannot be written (ENOSPC); free space on its disk, or name another by --state`,
    );
  },
);

test('ending a watch that is not kept begins none, and makes nothing', async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const file = join(folder, 'spoor.yml');
  fs.writeFileSync(file, `state: ${state}\nsensor: { keep: ${folder}/kept }\n`, { mode: 0o600 });
  const ran = await spoor(['service', '--end-watch', '--config', file]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal(JSON.parse(ran.stderr).message, 'no watch is kept there; nothing to end');
  assert.equal(fs.existsSync(state), false);
});

test('an empty --state is no working directory', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const line = '--state is empty; name the state folder by it, or leave it out';
  for (const args of [
    ['run', '--state', '', '--', 'true'],
    ['events', '--state='],
  ])
    assertRefused(await spoor(args, { cwd: folder }), 2, line);
  assert.deepEqual(fs.readdirSync(folder), []);
});

test('a command that needs another word prints what may follow it, and nothing else', async () => {
  for (const args of [[], ['rules'], ['key'], ['config']]) {
    const ran = await spoor(args);
    assert.match(ran.stderr, /^Usage: spoor /);
    assert.match(ran.stderr.trimEnd(), /display help for command$/);
    assert.equal(ran.code, 2);
  }
});

test('an event name with a slip in it is refused, with the one that was meant', async (t) => {
  const ran = await spoor(['events', '--state', emptyFolder(t), '--event', 'process.exce']);
  assertRefused(ran, 2, 'no event is called "process.exce"; did you mean "process.exec"?');
});

test('reading a state folder that is not there says that nothing was recorded', async (t) => {
  const state = join(emptyFolder(t), 'state');
  const line = `${state} does not exist, so nothing was recorded there; name the state folder by --state`;
  assertRefused(await spoor(['events', '--state', state]), 2, line);
  assertRefused(await spoor(['report', 'last', '--state', state]), 2, line);
});

test('a receiver without a scheme is refused before COMMAND runs', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const witness = join(folder, 'ran');
  const ran = await spoor([
    'run',
    '--state',
    join(folder, 'state'),
    '--otlp',
    'siem:4317',
    '--',
    'touch',
    witness,
  ]);
  assertRefused(
    ran,
    2,
    'receiver "siem:4317" has no scheme; write https://siem:4317 (or http://siem:4317 to send in clear)',
  );
  assert.equal(fs.existsSync(witness), false);
});

for (const host of ['exa%20mple', 'x%00y', 'h%2f', 'h%25'])
  test(`a receiver whose host is ${host} is refused before COMMAND runs`, needsRoot, async (t) => {
    const folder = emptyFolder(t);
    const witness = join(folder, 'ran');
    const state = join(folder, 'state');
    assertRefused(
      await spoor(['run', '--state', state, '--otlp', `http://${host}`, '--', 'touch', witness]),
      2,
      `receiver "http://${host}": "${host}" is not the name or address of a host; write it as it is, without %`,
    );
    assert.equal(fs.existsSync(witness), false);
  });

test('a host key that others may read is refused, and the log is left as it was', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  const key = join(state, 'key/host.key');
  const before = fs.readFileSync(join(state, 'log/checkpoint'), 'utf8');
  fs.chmodSync(key, 0o644);
  assertRefused(
    await spoor(['run', '--state', state, '--', 'true']),
    2,
    `${key} has mode 0644, so others could have read or changed it; if nobody did, chmod 600 ${key}`,
  );
  assert.equal(fs.readFileSync(join(state, 'log/checkpoint'), 'utf8'), before);
});

test('a log with a changed byte is refused for writing, and COMMAND does not run unwatched', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  const bundle = bundlesOf(state)[0] ?? '';
  const bytes = fs.readFileSync(bundle);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  fs.writeFileSync(bundle, bytes);
  const witness = join(folder, 'ran');
  const ran = await spoor(['run', '--state', state, '--', 'touch', witness]);
  assertRefused(ran, 2, /^spoor: /);
  assert.match(ran.stderr, /record \d+|log/);
  assert.equal(fs.existsSync(witness), false);
  assert.deepEqual(fs.readFileSync(bundle), bytes);
});

test('a record that is no record any more is named, with what to do', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  const bundle = bundlesOf(state)[0] ?? '';
  const bytes = fs.readFileSync(bundle);
  bytes[2] = 0xff; // after the length of the first record comes its first tag; no field has wire type 7
  fs.writeFileSync(bundle, bytes);
  const ran = await spoor(['events', '--state', state]);
  assertRefused(
    ran,
    2,
    /^spoor: \S+log: record 0 is damaged \(.*\); what is left of the log: spoor verify\n$/,
  );
});

function bundlesOf(state: string): string[] {
  return fs
    .readdirSync(join(state, 'log'), { recursive: true, encoding: 'utf8' })
    .map((name) => join(state, 'log', name))
    .filter((path) => /entries/.test(path) && fs.statSync(path).isFile());
}

test('a log that another Spoor writes is refused, naming it', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const first = spoor(['run', '--state', state, '--', 'sh', '-c', `echo up > ${fifo}; read x < ${fifo}`]);
  fs.readFileSync(fifo); // the first session runs from here on
  assertRefused(
    await spoor(['run', '--state', state, '--', 'true']),
    2,
    /is being written by process \d+ \(.*\); end it first/,
  );
  fs.writeFileSync(fifo, 'go\n');
  assert.equal((await first).code, 0);
});

test('a session that is not in the log is refused; so is what is no session', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  assertRefused(
    await spoor(['report', '00000000', '--state', state]),
    2,
    /holds no session 00000000; see: spoor events/,
  );
  assertRefused(
    await spoor(['report', 'latest', '--state', state]),
    2,
    '"latest" is no session: give at least 4 hexadecimal digits of its id, or "last"',
  );
});

test('a user who is not root is told that this host cannot be watched so', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const folder = emptyFolder(t);
  fs.chmodSync(folder, 0o777);
  const { spawnSync } = await import('node:child_process');
  const { SPOOR } = await import('../../test/checkout.ts');
  const { status, stderr } = spawnSync(SPOOR, ['run', '--state', join(folder, 'state'), '--', 'true'], {
    uid: 65534,
    gid: 65534,
    encoding: 'utf8',
  });
  assert.match(stderr, /^spoor: watching the kernel needs root, and this is uid 65534; use sudo\n$/);
  assert.equal(status, 3);
});

test('what is printed onto a full disk is one line and exit code 2', async (t) => {
  const state = join(emptyFolder(t), 'state');
  fs.mkdirSync(join(state, 'log'), { recursive: true, mode: 0o700 });
  fs.writeFileSync(join(state, 'spoor.json'), '{"spoor":"state","format":1}\n');
  const key = await openHostKey(join(state, 'key'));
  const seal = await openSeal({ directory: join(state, 'log'), hostKey: key, hostId: 'test' });
  await seal.close();
  for (const command of ['events', 'verify']) {
    const full = fs.openSync('/dev/full', 'w');
    const ran = spawnSync(SPOOR, [command, '--state', state], {
      stdio: ['ignore', full, 'pipe'],
      encoding: 'utf8',
    });
    fs.closeSync(full);
    const line = 'spoor: standard output cannot be written (ENOSPC); what was printed is not whole\n';
    assert.deepEqual([command, ran.stderr, ran.status], [command, line, 2]);
  }
});

test('a run from a working directory that was deleted runs', { skip: NEEDS_ROOT }, async (t) => {
  const folder = emptyFolder(t);
  const run = (state: string) =>
    spawnSync(
      'sh',
      ['-c', `mkdir gone; cd gone; rmdir ../gone; exec ${SPOOR} run --state "$0" -- true`, state],
      {
        cwd: folder,
        encoding: 'utf8',
      },
    );
  const absolute = run(join(folder, 'state'));
  assert.equal(absolute.status, 0, absolute.stderr);
  const relative = run('state');
  assert.equal(relative.stderr, 'spoor: the working directory is gone (ENOENT); change to one that exists\n');
  assert.equal(relative.status, 2);
});
