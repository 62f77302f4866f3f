import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { SPOOR } from '../../test/checkout.ts';
import { needsSensor } from '../../test/programs/session.ts';
import { eventsIn, type PrintedEvent, spoor } from '../../test/spoor.ts';

function sha256sum(path: string): string {
  return execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
}

function openOf(events: readonly PrintedEvent[], path: string): PrintedEvent['attributes'] {
  const found = events.find(
    (event) => event.event_name === 'file.open' && event.attributes['file.path'] === path,
  );
  assert.ok(found, `no file.open of ${path}`);
  return found.attributes;
}

async function watched(t: TestContext, script: string, ...args: string[]): Promise<PrintedEvent[]> {
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor(['run', '--state', state, '--', 'bash', '-c', script, 'bash', ...args]);
  assert.equal(ran.code, 0, ran.stderr);
  return eventsIn(state);
}

test(
  'every program and every regular file of a session has the hash that sha256sum gives it',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const file = join(folder, 'file');
    const large = join(folder, 'large');
    fs.writeFileSync(file, 'contents');
    execFileSync('truncate', ['-s', '65M', large]);
    const events = await watched(
      t,
      'cat "$1" >/dev/null; head -c1 "$2" >/dev/null; head -c1 /dev/zero >/dev/null; cat /proc/version >/dev/null',
      file,
      large,
    );
    for (const { attributes } of events.filter(({ event_name }) => event_name === 'process.exec')) {
      const path = String(attributes['process.executable.path']);
      assert.equal(attributes['process.hash.sha256'], sha256sum(path), path);
    }
    assert.equal(openOf(events, file)['file.hash.sha256'], sha256sum(file));
    const reasonOf = (path: string) => openOf(events, path)['spoor.hash.missing_reason'];
    assert.equal(reasonOf(large), 'too_large');
    assert.equal(reasonOf('/dev/zero'), 'not_regular');
    assert.equal(reasonOf('/proc/version'), 'not_regular');
    for (const { event_name, attributes } of events) {
      if (event_name !== 'file.open' || attributes['event.outcome'] === 'failure') continue;
      const hash = attributes['file.hash.sha256'];
      const reason = attributes['spoor.hash.missing_reason'];
      assert.ok(
        (hash === undefined) !== (reason === undefined),
        `${attributes['file.path']}: ${hash} ${reason}`,
      );
    }
  },
);

test('a file unlinked while it is open is hashed through its descriptor', needsSensor, async (t) => {
  const file = join(emptyFolder(t), 'file');
  fs.writeFileSync(file, 'held open, without a name');
  const expected = sha256sum(file);
  // The descriptor stays until the event has been hashed: what the session prints is read by nobody, so it waits.
  const events = await watched(
    t,
    'exec 3<"$1"; rm "$1"; for i in $(seq 40); do /bin/sleep 0.02; done; cat <&3 >/dev/null',
    file,
  );
  const open = openOf(events, file);
  // rm moved the change time before or after the hashing thread looked: the very contents, or said to be changed.
  assert.ok(
    open['file.hash.sha256'] === expected || open['spoor.hash.missing_reason'] === 'changed',
    JSON.stringify(open),
  );
});

test(
  'a program swapped for another right after its start is told with the hash of what ran',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const program = join(folder, 'program');
    fs.copyFileSync('/bin/sleep', program);
    fs.chmodSync(program, 0o755);
    const events = await watched(t, '"$1" 1 & cp /bin/true "$1.new"; mv "$1.new" "$1"; wait', program);
    const exec = events.find(
      ({ event_name, attributes }) =>
        event_name === 'process.exec' && attributes['process.executable.path'] === program,
    );
    assert.ok(exec);
    const hash = exec.attributes['process.hash.sha256'];
    assert.ok(
      hash === sha256sum('/bin/sleep') || exec.attributes['spoor.hash.missing_reason'] === 'changed',
      String(hash),
    );
    assert.notEqual(hash, sha256sum('/bin/true'));
  },
);

test(
  'an exec stands before the exit of its process in the log, also when its hash took long',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    for (let copy = 0; copy < 20; copy += 1) {
      // Different contents, so that none is known; large, so that hashing takes longer than the process lives.
      fs.writeFileSync(
        join(folder, `p${copy}`),
        Buffer.concat([fs.readFileSync('/bin/true'), Buffer.alloc(8 << 20, copy)]),
        { mode: 0o755 },
      );
    }
    const events = await watched(t, 'for p in "$1"/p*; do "$p"; done', folder);
    const ended = new Set<unknown>();
    for (const { event_name, attributes } of events) {
      if (event_name === 'process.exit') ended.add(attributes['process.entity_id']);
      if (event_name === 'process.exec')
        assert.ok(!ended.has(attributes['process.entity_id']), 'an exec after its exit');
    }
    assert.equal(ended.size, 21);
  },
);

/** Answers every open of a file for itself only: its own opens and its child's pass, those of all others wait for ever. */
const HANGING_FILE = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
file, pids = sys.argv[1], set()
FAN_CLASS_CONTENT, FAN_MARK_ADD, FAN_OPEN_PERM, FAN_ALLOW, AT_FDCWD = 4, 1, 0x10000, 1, -100
group = libc.fanotify_init(FAN_CLASS_CONTENT, os.O_RDONLY)
assert group >= 0 and libc.fanotify_mark(group, FAN_MARK_ADD, ctypes.c_uint64(FAN_OPEN_PERM), AT_FDCWD, file.encode()) == 0
print('ready', flush=True)
first = True
while True:
    event = os.read(group, 4096)
    for at in range(0, len(event), 24):
        length, version, reserved, meta, mask, fd, pid = struct.unpack_from('IBBHQii', event, at)
        # The first to open is the session's cat; whoever comes later never gets an answer.
        if first: os.write(group, struct.pack('iI', fd, FAN_ALLOW))
        first = False
        os.close(fd)
`;

test(
  'a file whose file system does not answer costs its own hash, and neither other events nor the exit',
  needsSensor,
  async (t) => {
    const folder = fs.mkdtempSync('/tmp/spoor-hang-');
    // A file system of its own: what hangs is told by device.
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
    t.after(() => {
      execFileSync('umount', ['-l', folder]);
      fs.rmdirSync(folder);
    });
    const file = join(folder, 'hangs');
    fs.writeFileSync(file, 'never hashed');
    const other = join(emptyFolder(t), 'other');
    fs.writeFileSync(other, 'hashed as ever');
    const warden = spawn('/usr/bin/python3', ['-c', HANGING_FILE, file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    t.after(() => warden.kill('SIGKILL'));
    await once(warden.stdout, 'data');
    const state = join(emptyFolder(t), 'state');
    const ran = await spoor([
      'run',
      '--state',
      state,
      '--',
      'sh',
      '-c',
      `cat ${file}; cat ${other} >/dev/null; exit 6`,
    ]);
    assert.equal(ran.code, 6, ran.stderr);
    assert.equal(ran.stdout, 'never hashed');
    const events = eventsIn(state);
    assert.equal(openOf(events, file)['spoor.hash.missing_reason'], 'busy');
    assert.equal(openOf(events, other)['file.hash.sha256'], sha256sum(other));
    assert.equal(
      execFileSync(SPOOR, ['verify', '--state', state, '--json'], { encoding: 'utf8' }).includes('"intact"'),
      true,
    );
  },
);
