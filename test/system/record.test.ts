/**
 * What a receiver that is not ours got of a session, held field by field against what the session truly did.
 *
 * The truth is truth.py's own account: it prints the pids, inodes, ports and errnos the system calls gave it.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { arch, hostname, release } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { type ReceivedLog, type ReceivedSpan, type Receiver, startReceiver } from '../receivers/receiver.ts';
import { needsRoot, type Outcome, spoor } from './spoor.ts';

interface Timed {
  readonly before: string;
  readonly after: string;
}
interface Program {
  readonly path: string;
  readonly sha256: string;
  readonly device: string;
  readonly inode: number;
}
interface Opened extends Timed {
  readonly path: string;
  readonly errno: string | null;
  readonly device: string;
  readonly inode: string;
  readonly mode: string;
  readonly size: number;
  readonly sha256?: string;
}
interface Connected extends Timed {
  readonly errno: string | null;
  readonly local: string;
  readonly local_port: number;
  readonly peer: string;
  readonly port: number;
}
interface Child extends Timed {
  readonly pid: number;
  readonly args: readonly string[];
  readonly started: string;
  readonly code: number;
}
interface Truth {
  readonly self: {
    readonly pid: number;
    readonly parent: number;
    readonly thread: number;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly uid: number;
    readonly gid: number;
    readonly started: string;
    readonly program: Program;
  };
  readonly opens: Readonly<Record<string, Opened>>;
  readonly connects: Readonly<Record<string, Connected>>;
  readonly children: Readonly<Record<string, Child>>;
  readonly programs: Readonly<Record<string, Program>>;
}

/**
 * Kernel time is CLOCK_BOOTTIME, moved to the wall clock by an offset that is read once and is itself two clock
 * readings: room for the moment between them, and for a clock that is slewed while the test runs.
 */
const CLOCK_SLACK_NS = 5_000_000n;
/** /proc tells a start time in ticks of 10 ms. */
const TICK_NS = 10_000_000n;

function nanoseconds(rfc3339: unknown): bigint {
  const match = /^(.*T[\d:]+)\.(\d{9})Z$/.exec(String(rfc3339));
  assert.ok(match, `${rfc3339} is no RFC 3339 time with nanoseconds`);
  return BigInt(Date.parse(`${match[1]}Z`)) * 1_000_000n + BigInt(match[2] as string);
}

function happenedDuring(log: ReceivedLog, act: Timed): void {
  const time = BigInt(log.time_unix_nano);
  assert.ok(
    time >= BigInt(act.before) - CLOCK_SLACK_NS,
    `${log.event_name} is ${log.time_unix_nano}, before it began`,
  );
  assert.ok(
    time <= BigInt(act.after) + CLOCK_SLACK_NS,
    `${log.event_name} is ${log.time_unix_nano}, after it ended`,
  );
}

function startedAt(log: ReceivedLog, started: string): void {
  const off = nanoseconds(log.attributes['process.creation.time']) - BigInt(started);
  assert.ok(
    off >= -CLOCK_SLACK_NS && off <= TICK_NS + CLOCK_SLACK_NS,
    `the process started ${off} ns off what /proc tells`,
  );
}

/** The attributes of a log that `expected` names are exactly these; others are not looked at. */
function says(log: ReceivedLog, expected: Readonly<Record<string, unknown>>): void {
  const seen = Object.fromEntries(Object.keys(expected).map((name) => [name, log.attributes[name]]));
  assert.deepEqual(seen, expected);
}

function only<T>(found: readonly T[]): T {
  assert.equal(found.length, 1);
  return found[0] as T;
}

async function acceptOn(host: string): Promise<{ port: number; close(): void }> {
  const server = createServer((socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  assert.ok(address && typeof address === 'object');
  return { port: address.port, close: () => void server.close() };
}

describe('a session as a receiver that is not ours got it', needsRoot, () => {
  let truth: Truth;
  let outcome: Outcome;
  let receiver: Receiver;
  const root = emptyFolder({ after });
  const folder = join(root, 'work');
  const state = join(root, 'state');

  before(async () => {
    mkdirSync(folder);
    receiver = await startReceiver({ folder: root });
    const ipv4 = await acceptOn('127.0.0.1');
    const ipv6 = await acceptOn('::1');
    const script = join(CHECKOUT, 'test/system/truth.py');
    const command = ['/usr/bin/python3', script, folder, String(ipv4.port), String(ipv6.port)];
    outcome = await spoor(['run', '--state', state, '--otlp', receiver.url, '--', ...command]);
    ipv4.close();
    ipv6.close();
    await receiver.stop();
    truth = JSON.parse(outcome.stdout.toString('utf8')) as Truth;
  });

  function logsOf(pid: number, name: string): ReceivedLog[] {
    return receiver.logs.filter((log) => log.event_name === name && log.attributes['process.pid'] === pid);
  }

  function executed(pid: number): ReceivedLog {
    return only(logsOf(pid, 'process.exec'));
  }

  test('spoor run ends with the exit code of the command', () => {
    assert.equal(outcome.code, 5);
  });

  test('nothing was lost, so what is absent did not happen', () => {
    assert.deepEqual(
      receiver.logs.filter((log) => log.event_name === 'sensor.gap'),
      [],
    );
  });

  test('the first exec tells program, arguments, folder, user, parent and start as the process itself read them', () => {
    const { self } = truth;
    const log = executed(self.pid);
    says(log, {
      'process.pid': self.pid,
      'thread.id': self.thread,
      'process.command_args': self.args,
      'process.args_count': self.args.length,
      'process.executable.path': self.program.path,
      'process.executable.name': 'python3.11',
      'spoor.process.called_path': '/usr/bin/python3',
      'process.hash.sha256': self.program.sha256,
      'spoor.executable.device': self.program.device,
      'spoor.executable.inode': self.program.inode,
      'process.user.id': self.uid,
      'process.real_user.id': self.uid,
      'process.group.id': self.gid,
      'process.user.name': execFileSync('id', ['-un'], { encoding: 'utf8' }).trim(),
      'process.parent_pid': self.parent,
      'spoor.session.basis': 'exact',
    });
    startedAt(log, self.started);
  });

  for (const [name, program, uid] of [
    ['shell', '/bin/sh', 0],
    ['killed', '/bin/sleep', 0],
    ['nobody', '/bin/cat', 65534],
  ] as const)
    test(`the child "${name}" is told with its own program, arguments, user and parent`, () => {
      const child = truth.children[name] as Child;
      const file = truth.programs[program] as Program;
      const log = executed(child.pid);
      const parent = executed(truth.self.pid);
      says(log, {
        'process.command_args': child.args,
        'process.args_count': child.args.length,
        'process.executable.path': file.path,
        'spoor.process.called_path': program,
        'process.hash.sha256': file.sha256,
        'spoor.executable.device': file.device,
        'spoor.executable.inode': file.inode,
        'process.user.id': uid,
        'process.real_user.id': uid,
        'process.working_directory': truth.self.cwd,
        'process.parent_pid': truth.self.pid,
        'process.parent.entity_id': parent.attributes['process.entity_id'],
        'process.parent.executable': truth.self.program.path,
        'spoor.process.parent_command_args': truth.self.args,
      });
      happenedDuring(log, child);
      startedAt(log, child.started);
    });

  test('each exit tells the code, or the signal and no code', () => {
    const told = (pid: number): unknown[] => {
      const { attributes } = only(logsOf(pid, 'process.exit'));
      return [attributes['process.exit.code'], attributes['spoor.process.exit_signal']];
    };
    assert.deepEqual(told(truth.self.pid), [5, undefined]);
    assert.deepEqual(told(truth.children.shell?.pid as number), [7, undefined]);
    assert.deepEqual(told(truth.children.nobody?.pid as number), [truth.children.nobody?.code, undefined]);
    assert.deepEqual(told(truth.children.killed?.pid as number), [undefined, 'SIGKILL']);
  });

  test('exec and exit of a process carry one entity id, and no two processes share one', () => {
    const pids = [truth.self.pid, ...Object.values(truth.children).map((child) => child.pid)];
    const ids = pids.map((pid) => {
      const id = executed(pid).attributes['process.entity_id'];
      assert.equal(only(logsOf(pid, 'process.exit')).attributes['process.entity_id'], id);
      return id;
    });
    assert.equal(new Set(ids).size, pids.length);
  });

  function openOf(pid: number, act: Opened, access: string): ReceivedLog {
    const found = logsOf(pid, 'file.open').filter(
      (log) =>
        log.attributes['file.path'] === act.path &&
        log.attributes['spoor.file.access'] === access &&
        (log.attributes['error.type'] ?? null) === act.errno,
    );
    return only(found);
  }

  for (const [name, access, flags] of [
    ['read', 'read', undefined],
    ['made', 'write', ['append', 'create', 'truncate']],
    ['both', 'read_write', undefined],
    ['directory', 'read', ['directory']],
    ['bytes', 'read', undefined],
  ] as const)
    test(`the open "${name}" is told with the file fstat knows, under its resolved path`, () => {
      const act = truth.opens[name] as Opened;
      const log = openOf(truth.self.pid, act, access);
      says(log, {
        'event.outcome': 'success',
        'error.type': undefined,
        'file.inode': act.inode,
        'spoor.file.device': act.device,
        'file.mode': act.mode,
        'spoor.file.path_basis': 'resolved',
        'spoor.file.type': name === 'directory' ? 'directory' : 'regular',
      });
      if (name !== 'directory') assert.equal(log.attributes['file.size'], act.size);
      const seenFlags = log.attributes['spoor.file.flags'];
      assert.deepEqual(Array.isArray(seenFlags) ? [...seenFlags].sort() : seenFlags, flags);
      happenedDuring(log, act);
    });

  test('a file that was read is told with the SHA-256 of what was in it', () => {
    const act = truth.opens.read as Opened;
    assert.equal(openOf(truth.self.pid, act, 'read').attributes['file.hash.sha256'], act.sha256);
  });

  test('a path that is not UTF-8 is shown escaped and kept byte for byte', () => {
    const log = openOf(truth.self.pid, truth.opens.bytes as Opened, 'read');
    const bytes = Buffer.concat([Buffer.from(`${folder}/bad-`), Buffer.from([0xff]), Buffer.from('-name')]);
    assert.equal(log.attributes['spoor.file.path_bytes'], bytes.toString('hex'));
  });

  for (const [name, access] of [
    ['missing', 'read'],
    ['exclusive', 'write'],
  ] as const)
    test(`the failed open "${name}" is told with its errno and the path that was asked for`, () => {
      const act = truth.opens[name] as Opened;
      const log = only(
        logsOf(truth.self.pid, 'file.open').filter(
          (candidate) =>
            candidate.attributes['error.type'] === act.errno &&
            String(candidate.attributes['file.path']).endsWith(act.path) &&
            BigInt(candidate.time_unix_nano) >= BigInt(act.before) - CLOCK_SLACK_NS,
        ),
      );
      says(log, {
        'event.outcome': 'failure',
        'spoor.file.access': access,
        'spoor.file.path_basis': 'claimed',
        'file.inode': undefined,
      });
      happenedDuring(log, act);
    });

  test('an open refused to another user is told with EACCES and that user', () => {
    const child = truth.children.nobody as Child;
    const refused = logsOf(child.pid, 'file.open').filter((log) => log.attributes['error.type'] === 'EACCES');
    says(only(refused), { 'file.path': child.args[1], 'process.user.id': 65534, 'event.outcome': 'failure' });
  });

  for (const [name, transport, type] of [
    ['tcp4', 'tcp', 'ipv4'],
    ['tcp6', 'tcp', 'ipv6'],
    ['udp4', 'udp', 'ipv4'],
  ] as const)
    test(`the connection "${name}" is told once, with both ends as the socket knows them`, () => {
      const act = truth.connects[name] as Connected;
      const log = only(
        logsOf(truth.self.pid, 'network.connect').filter(
          (candidate) =>
            candidate.attributes['network.transport'] === transport &&
            candidate.attributes['network.peer.port'] === act.port,
        ),
      );
      says(log, {
        'event.outcome': 'success',
        'network.type': type,
        'network.local.address': act.local,
        'network.local.port': act.local_port,
        'network.peer.address': act.peer,
      });
      happenedDuring(log, act);
    });

  test('a refused connection is told once, as a failure with ECONNREFUSED', () => {
    const act = truth.connects.refused as Connected;
    const log = only(
      logsOf(truth.self.pid, 'network.connect').filter(
        (candidate) => candidate.attributes['network.peer.port'] === act.port,
      ),
    );
    says(log, {
      'event.outcome': 'failure',
      'error.type': 'ECONNREFUSED',
      'network.peer.address': '127.0.0.1',
      'network.transport': 'tcp',
    });
    happenedDuring(log, act);
  });

  test('every event of the session carries one session id, in one trace, and no process from outside is in it', () => {
    const session = executed(truth.self.pid).attributes['session.id'];
    const trace = executed(truth.self.pid).trace_id;
    assert.match(trace, /^[0-9a-f]{32}$/);
    const ours = receiver.logs.filter((log) => log.attributes['session.id'] === session);
    const pids = new Set([truth.self.pid, ...Object.values(truth.children).map((child) => child.pid)]);
    for (const log of ours) {
      assert.equal(log.trace_id, trace, log.event_name);
      const pid = log.attributes['process.pid'];
      if (pid !== undefined)
        assert.ok(pids.has(Number(pid)), `${log.event_name} of pid ${pid}, which is not of the session`);
    }
    assert.equal(
      only(ours.filter((log) => log.event_name === 'session.start')).attributes['session.id'],
      session,
    );
    assert.equal(
      only(ours.filter((log) => log.event_name === 'session.end')).attributes['session.id'],
      session,
    );
  });

  test('the end of the session sums up what the receiver got', () => {
    const end = only(receiver.logs.filter((log) => log.event_name === 'session.end'));
    const connects = receiver.logs.filter((log) => log.event_name === 'network.connect');
    says(end, {
      'spoor.session.connections': connects.length,
      'spoor.session.events_lost': 0,
      'spoor.session.end_reason': 'empty',
      'process.exit.code': 5,
    });
  });

  test('the session is one trace: a span a process, under the span of its parent', () => {
    const trace = executed(truth.self.pid).trace_id;
    const spans = receiver.spans.filter((span) => span.trace_id === trace);
    const spanOf = (pid: number): ReceivedSpan =>
      only(spans.filter((span) => span.span_id === executed(pid).span_id));
    const parent = spanOf(truth.self.pid);
    for (const child of Object.values(truth.children)) {
      const span = spanOf(child.pid);
      assert.equal(span.parent_span_id, parent.span_id);
      assert.ok(BigInt(span.start_time_unix_nano) >= BigInt(child.before) - CLOCK_SLACK_NS);
      assert.ok(BigInt(span.end_time_unix_nano) <= BigInt(child.after) + CLOCK_SLACK_NS);
    }
    const ids = new Set(spans.map((span) => span.span_id));
    const roots = spans.filter((span) => !ids.has(span.parent_span_id));
    assert.equal(only(roots).parent_span_id, '');
  });

  test('the resource names this host, this system and the key that signs', () => {
    for (const received of [...receiver.logs, ...receiver.spans]) {
      assert.equal(received.resource['service.name'], 'spoor');
      assert.equal(received.resource['host.name'], hostname());
      assert.equal(received.resource['host.arch'], arch() === 'x64' ? 'amd64' : arch());
      assert.equal(received.resource['os.type'], 'linux');
      assert.equal(received.resource['os.version'], release());
    }
    const keys = new Set(receiver.logs.map((log) => log.resource['spoor.key.id']));
    assert.equal(keys.size, 1);
  });

  test('each record arrives once, under a uid and an index of its own, in the order of the log', () => {
    const records = receiver.logs.filter((log) => log.attributes['spoor.log.index'] !== undefined);
    const uids = new Set(records.map((log) => log.attributes['log.record.uid']));
    assert.equal(uids.size, records.length);
    const indices = records.map((log) => log.attributes['spoor.log.index']);
    assert.deepEqual(
      indices,
      indices.map((_, place) => place),
    );
  });

  test('what spoor events prints of the log is what the receiver got', async () => {
    const printed = await spoor(['events', '--state', state, '--json']);
    assert.equal(printed.code, 0, printed.stderr);
    const lines = printed.stdout.toString('utf8').trimEnd().split('\n');
    const byUid = new Map(receiver.logs.map((log) => [log.attributes['log.record.uid'], log]));
    const events = lines.map((line) => JSON.parse(line));
    for (const event of events) {
      const log = byUid.get(event.uid);
      assert.ok(log, `${event.event_name} ${event.uid} was not received`);
      assert.equal(event.event_name, log.event_name);
      assert.equal(nanoseconds(event.time), BigInt(log.time_unix_nano));
      assert.equal(event.trace_id, log.trace_id);
      assert.equal(event.span_id, log.span_id);
      assert.equal(event.severity, log.severity_number);
    }
  });

  test("the receiver's export verifies without the endpoint's log", async () => {
    const verified = await spoor(['verify', '--state', state, '--otlp', receiver.exportFile]);
    assert.equal(verified.code, 0, verified.stderr + verified.stdout.toString('utf8'));
  });

  test('the hash of an executable is of the file on disk', () => {
    const { program } = truth.self;
    assert.equal(createHash('sha256').update(readFileSync(program.path)).digest('hex'), program.sha256);
  });
});
