import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { eventsIn, NEEDS_ROOT, spoor } from '../spoor.ts';

/** Reads eight bytes of a child of its own and of the process it is given, and prints both pids. */
const READER = `
import ctypes, os, sys, time
libc = ctypes.CDLL(None, use_errno=True)
kept = ctypes.create_string_buffer(8)
child = os.fork()
if child == 0:
    time.sleep(60)
for pid in (child, int(sys.argv[1])):
    there = (ctypes.c_void_p * 2)(ctypes.addressof(kept), 8)
    here = (ctypes.c_void_p * 2)(ctypes.addressof(ctypes.create_string_buffer(8)), 8)
    libc.process_vm_readv(pid, here, 1, there, 1, 0)
    print(pid)
os.kill(child, 9)
os.wait()
`;

test('whose memory was read is told: a child is of the session, and only a stranger is a finding', {
  skip: NEEDS_ROOT,
}, async (t) => {
  const stranger = spawn('sleep', ['60']);
  atEnd(t, () => stranger.kill());
  const state = emptyFolder(t);
  const ran = await spoor([
    ...['run', '--state', state, '--'],
    ...['/usr/bin/python3', '-c', READER, String(stranger.pid)],
  ]);
  assert.equal(ran.code, 0, ran.stderr);
  const [child] = ran.stdout.split('\n').map(Number);
  const events = eventsIn(state);
  const read = events.filter(({ event_name }) => event_name === 'security.process_memory');
  const reads = read.map(({ attributes }) => attributes);
  const session = reads[0]?.['session.id'];
  assert.deepEqual(
    reads.map((one) => [one['spoor.target.pid'], one['spoor.target.session']]),
    [
      [child, session],
      [stranger.pid, undefined],
    ],
  );
  const findings = events.filter(({ event_name }) => event_name === 'finding');
  assert.deepEqual(
    findings.map(({ attributes }) => [
      attributes['security_rule.name'],
      attributes['spoor.finding.evidence'],
    ]),
    [['Memory of a process outside the session read or written', [read[1]?.uid]]],
  );
});
