import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openReplaySensor } from '../../sensors/replay/replay.ts';
import { emptyFolder } from '../../test/at-end.ts';
import { needsSensor, ofKind, watch } from '../../test/programs/session.ts';
import { eventsIn, type PrintedEvent, spoor } from '../../test/spoor.ts';
import type { Event } from '../event.ts';
import { createAttribute } from './attribute.ts';
import { createProcessTable } from './processes.ts';
import { createUserNames } from './users.ts';

interface TreeTruth {
  readonly processes: readonly { readonly how: string; readonly pid: number }[];
}

test('however a process is made, its ancestry leads to the root of its session', needsSensor, async (t) => {
  const { truth, events, rootPid, sensor } = await watch<TreeTruth>(t, 'tree');
  const attribute = createAttribute(sensor.facts, () => sensor.wallOffsetNs());
  const made = attribute.stage([...events]);
  const exits = new Map(exitsOf(made).map((event) => [event.attributes['process.pid'], event]));
  const root = exits.get(rootPid);
  assert.ok(root);
  const creators = new Map(
    exitsOf(made).map(({ attributes }) => [
      attributes['process.entity_id'],
      attributes['process.parent.entity_id'],
    ]),
  );
  for (const { how, pid } of truth.processes) {
    const exit = exits.get(pid);
    assert.ok(exit, `the process made by ${how} has no exit in the session`);
    let at = exit.attributes['process.entity_id'];
    for (let steps = 0; at !== root.attributes['process.entity_id']; steps += 1) {
      assert.ok(at !== undefined && steps < 100, `the process made by ${how} does not lead to the root`);
      at = creators.get(at);
    }
  }
});

function exitsOf(events: readonly Event[]): Event[] {
  return events.filter(({ name }) => name === 'process.exit');
}

test('events of processes outside every session feed the table and leave none', needsSensor, async (t) => {
  const outside = spawn('sh', ['-c', 'while :; do /bin/true; done'], { stdio: 'ignore' });
  t.after(() => outside.kill('SIGKILL'));
  await once(outside, 'spawn');
  const { events, ofSession, sensor } = await watch(t, 'tree');
  assert.ok(ofKind(events, 'process.exec').some(({ session }) => session === 0)); // or the test tests nothing
  const made = createAttribute(sensor.facts, () => sensor.wallOffsetNs()).stage([...events]);
  const pids = new Set(ofSession.map((event) => ('process' in event ? event.process.pid : 0)));
  for (const { attributes, name } of made) {
    // A gap and a histogram are of no process.
    if (name !== 'sensor.gap' && name !== 'syscall.histogram')
      assert.ok(pids.has(Number(attributes['process.pid'])), `${name} of an outsider`);
  }
});

test('a pid that is used again is another process', needsSensor, async (t) => {
  const state = join(emptyFolder(t), 'state');
  // proc(5): a write to ns_last_pid chooses the next pid. Others may be quicker, so until it succeeds.
  const script = `
import os, sys
def child():
    pid = os.fork()
    if pid == 0:
        os.execv('/bin/true', ['true'])
    os.waitpid(pid, 0)
    return pid
first = child()
while True:
    with open('/proc/sys/kernel/ns_last_pid', 'w') as last: last.write(str(first - 1))
    if child() == first: break
print(first)
`;
  const ran = await spoor(['run', '--state', state, '--', '/usr/bin/python3', '-c', script]);
  const pid = Number(ran.stdout);
  const execs = eventsIn(state, '--event', 'process.exec').filter(
    (event) => event.attributes['process.pid'] === pid,
  );
  assert.equal(execs.length, 2);
  const [first, second] = execs.map(({ attributes }) => attributes);
  assert.notEqual(first?.['process.entity_id'], second?.['process.entity_id']);
  assert.notEqual(first?.['process.creation.time'], second?.['process.creation.time']);
  assert.equal(first?.['process.parent.entity_id'], second?.['process.parent.entity_id']);
});

test('an exec tells user, parent and working directory as they truly are', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  fs.chmodSync(folder, 0o755);
  const state = join(folder, 'state');
  const ran = await spoor(
    [
      'run',
      '--state',
      state,
      '--',
      'setpriv',
      '--reuid=65534',
      '--clear-groups',
      'sh',
      '-c',
      'id -u; pwd; true',
    ],
    { cwd: folder },
  );
  const user = execFileSync('getent', ['passwd', '65534'], { encoding: 'utf8' }).split(':')[0];
  const events = eventsIn(state, '--event', 'process.exec');
  const id = events.find(({ attributes }) => attributes['process.executable.name'] === 'id');
  assert.ok(id);
  assert.equal(ran.stdout, `65534\n${folder}\n`);
  assert.equal(id.attributes['process.user.id'], 65534);
  assert.equal(id.attributes['process.user.name'], user);
  assert.equal(id.attributes['process.working_directory'], folder);
  assert.deepEqual(id.attributes['spoor.process.parent_command_args'], ['sh', '-c', 'id -u; pwd; true']);
  assert.equal(id.attributes['process.parent.executable'], fs.realpathSync('/bin/sh'));
});

test('at most 16 ancestors are named, nearest first', needsSensor, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'bash', '-c', chain(20)]);
  const execs = eventsIn(state, '--event', 'process.exec');
  const deepest = execs.find(
    ({ attributes }) => String(attributes['process.command_args']) === '/bin/true,deepest',
  );
  assert.ok(deepest);
  const ancestry = deepest.attributes['spoor.process.ancestry'] as string[];
  assert.equal(ancestry.length, 16);
  const creators = new Map(
    execs.map((event) => [entity(event), event.attributes['process.parent.entity_id']]),
  );
  let at: unknown = entity(deepest);
  for (const id of ancestry) {
    assert.equal(creators.get(at), id);
    at = id;
  }
});

/** Each bash is the child of the one before; exec would not be. */
function chain(depth: number): string {
  return `if [ "\${1:-${depth}}" -gt 0 ]; then "$BASH" -c "$BASH_EXECUTION_STRING" x $((\${1:-${depth}} - 1)); else /bin/true deepest; fi; :`;
}

function entity({ attributes }: PrintedEvent): unknown {
  return attributes['process.entity_id'];
}

test('a name that is not UTF-8 is shown escaped, and its exact bytes are kept', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const bytes = Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0x61, 0xff, 0xc3, 0xa9])]);
  fs.writeFileSync(bytes, 'x');
  // What looks escaped and is not must not be told to be.
  fs.writeFileSync(join(folder, 'b\\xff'), 'x');
  await spoor(['run', '--state', state, '--', 'sh', '-c', `cat ${folder}/a* ${folder}/b*`]);
  const opens = eventsIn(state, '--event', 'file.open').map(({ attributes }) => attributes);
  const strange = opens.find((attributes) => attributes['file.path'] === `${folder}/a\\xff\u00e9`);
  assert.equal(strange?.['spoor.file.path_bytes'], bytes.toString('base64'));
  const plain = opens.find((attributes) => attributes['file.path'] === `${folder}/b\\xff`);
  assert.ok(plain);
  assert.equal(plain['spoor.file.path_bytes'], undefined);
});

test(
  'a replayed recording gives the same identities, programs and paths as the session did',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    const recording = join(folder, 'recording.jsonl');
    await spoor([
      'run',
      '--state',
      state,
      '--record',
      recording,
      '--',
      'sh',
      '-c',
      'ls / >/dev/null; cat /etc/hostname',
    ]);
    const sensor = openReplaySensor(recording);
    const attribute = createAttribute(sensor.facts, () => sensor.wallOffsetNs());
    const replayed: Event[] = [];
    sensor.start((batch) => replayed.push(...attribute.stage(batch)));
    await sensor.flush();
    const told = (name: string, attributes: Readonly<Record<string, unknown>>) =>
      [
        name,
        attributes['session.id'],
        attributes['process.entity_id'],
        attributes['process.parent.entity_id'],
        attributes['process.command_args'],
        attributes['file.path'],
        attributes['spoor.event.boot_ns'],
      ].map(String);
    const names = new Set(['process.exec', 'process.exit', 'file.open']);
    const live = eventsIn(state).filter(({ event_name }) => names.has(event_name));
    assert.deepEqual(
      replayed
        .filter(({ name }) => names.has(name))
        .map(({ name, attributes }) => told(name, attributes as Record<string, unknown>))
        .sort(),
      live.map(({ event_name, attributes }) => told(event_name, attributes)).sort(),
    );
  },
);

test('a new line in /etc/passwd gives its user a name without a restart', (t) => {
  const file = join(emptyFolder(t), 'passwd');
  fs.writeFileSync(file, 'root:x:0:0::/root:/bin/sh\n# comment\nnis::+::\n');
  let nowMs = 0;
  const nameOf = createUserNames(file, () => nowMs);
  assert.equal(nameOf(0), 'root');
  assert.equal(nameOf(4242), undefined);
  fs.appendFileSync(file, 'alice:x:4242:4242::/home/alice:/bin/sh\nalias:x:4242:1::/:/bin/sh\n');
  nowMs += 1_000;
  assert.equal(nameOf(4242), 'alice'); // the first of two names, as getpwuid(3) answers
  fs.unlinkSync(file);
  nowMs += 1_000;
  assert.equal(nameOf(0), undefined);
});

test('the process table stays within its limits, and forgets the oldest first', () => {
  const table = createProcessTable('boot', String);
  for (let pid = 1; pid <= 70_000; pid += 1) table.entry({ pid, startNs: BigInt(pid) });
  assert.equal(table.evicted(), 70_000 - 65_536);
  assert.equal(table.find({ pid: 1, startNs: 1n }), undefined);
  const young = table.find({ pid: 70_000, startNs: 70_000n });
  assert.ok(young);
  table.exited(young);
  assert.equal(table.find({ pid: 70_000, startNs: 70_000n }), young);
  assert.equal(table.find({ pid: 70_000, startNs: 70_001n }), undefined); // the pid alone is nobody
});
