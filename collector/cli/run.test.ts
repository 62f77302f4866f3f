import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { CHECKOUT, SPOOR } from '../../test/checkout.ts';
import { startReceiver } from '../../test/receivers/receiver.ts';
import { eventsIn, NEEDS_ROOT, spoor } from '../../test/spoor.ts';
import { leaksIn } from '../../test/system/search.ts';

const needsRoot = { skip: NEEDS_ROOT };

test('COMMAND has the exit code, and the streams are passed byte for byte', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  const script = 'cat; printf err >&2; exit 37';
  const ran = await spoor(['run', '--state', state, '--', 'sh', '-c', script], { input: 'in\0\u00ff' });
  assert.equal(ran.code, 37);
  assert.equal(ran.stdout, 'in\0\u00ff');
  assert.ok(ran.stderr.startsWith('err\nspoor: '), ran.stderr);
});

test('a COMMAND that a signal ended gives 128 and its number', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  assert.equal((await spoor(['run', '--state', state, '--', 'sh', '-c', 'kill -9 $$'])).code, 137);
  assert.equal((await spoor(['run', '--state', state, '--', 'sh', '-c', 'kill -TERM $$'])).code, 143);
  const exits = eventsIn(state, '--event', 'process.exit').map(
    ({ attributes }) => attributes['spoor.process.exit_signal'],
  );
  assert.deepEqual(exits, ['SIGKILL', 'SIGTERM']);
});

test('options after COMMAND are its own', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor(['run', '--state', state, 'echo', '--json', '--state', 'x', '--', 'y']);
  assert.equal(ran.stdout, '--json --state x -- y\n');
});

test('arguments and environment reach COMMAND byte for byte, UTF-8 or not', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  // bash, because Node could not pass these bytes either. The first argument has a real U+FFFD in it.
  const script = `export LATIN=$'gr\\xfc\\xdfe \\xff'; "$0" run --state "$1" -- \\
    python3 -c 'import os, sys; print(os.environb[b"LATIN"].hex(), *(os.fsencode(a).hex() for a in sys.argv[1:]))' \\
    $'\\xef\\xbf\\xbd' $'n\\xff\\xfeb' '' plain $'\\xfc' 2>/dev/null`;
  const printed = execFileSync('bash', ['-c', script, SPOOR, state], { encoding: 'utf8' });
  assert.equal(printed, '6772fcdf6520ff efbfbd 6efffe62  706c61696e fc\n');
});

test('the session begins with COMMAND: neither launcher nor watcher is in it', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'sh', '-c', 'cat /etc/hostname >/dev/null']);
  const events = eventsIn(state).filter(({ attributes }) => attributes['session.id'] !== undefined);
  const [start] = events;
  assert.ok(start);
  assert.equal(start.event_name, 'session.start');
  assert.deepEqual(start.attributes['process.command_args'], ['sh', '-c', 'cat /etc/hostname >/dev/null']);
  assert.equal(start.attributes['spoor.session.started_by'], 'run');
  assert.equal(start.trace_id, start.attributes['session.id']);
  assert.equal(events.at(-1)?.event_name, 'session.end');
  for (const { attributes } of events) {
    assert.doesNotMatch(String(attributes['process.executable.path']), /spoor-launch|\/node$/);
    assert.equal(attributes['session.id'], start.trace_id);
  }
});

test(
  'what a shared description is set to is not changed: no O_NONBLOCK for COMMAND, none left behind',
  needsRoot,
  async (t) => {
    const state = join(emptyFolder(t), 'state');
    // The flags of descriptors 0 to 2, as COMMAND finds them and as whoever started Spoor has them afterwards.
    const look = `import fcntl, os; print([fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_NONBLOCK for fd in (0, 1, 2)], flush=True)`;
    const script = `"$0" run --state "$1" -- python3 -c "$2"; python3 -c "$2"`;
    const pipes = spawn('sh', ['-c', script, SPOOR, state, look], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    pipes.stdout.on('data', (bytes: Buffer) => out.push(bytes));
    pipes.stderr.resume();
    pipes.stdin.end();
    await once(pipes, 'close');
    assert.equal(Buffer.concat(out).toString(), '[0, 0, 0]\n[0, 0, 0]\n');
  },
);

test('TERM, HUP, USR1 and USR2 sent to Spoor reach COMMAND once each', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const script = [
    'n=0; for s in TERM HUP USR1 USR2 INT QUIT; do trap "echo $s; n=\\$((n+1))" $s; done',
    'echo ready',
    'while [ $n -lt 6 ]; do sleep 0.05; done',
  ].join('\n');
  // In a session of its own there is no terminal, so INT and QUIT have to be passed on as well.
  const child = spawn(
    'setsid',
    ['-w', SPOOR, 'run', '--state', join(folder, 'state'), '--', 'sh', '-c', script],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let out = '';
  const signals = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
  const lines: string[] = [];
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    for (let end = out.indexOf('\n'); end >= 0; end = out.indexOf('\n')) {
      lines.push(out.slice(0, end));
      out = out.slice(end + 1);
      // setsid -w made Spoor its child; one signal after the other has been told of.
      const next = signals[lines.length - 1];
      if (next) process.kill(Number(childOf(child.pid ?? 0)), next);
    }
  });
  const [code] = await once(child, 'close');
  assert.deepEqual(lines, ['ready', 'TERM', 'HUP', 'USR1', 'USR2', 'INT', 'QUIT']);
  assert.equal(code, 0);
});

/** setsid forks only when it leads a group; either way the process that is Spoor. */
function childOf(pid: number): string {
  const children = fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return fs.readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('setsid') ? children : String(pid);
}

test(
  'what COMMAND leaves running is named in report and session.end, and holds nothing up',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    const pidFile = join(folder, 'pid');
    const script = `setsid sleep 1000 >/dev/null 2>&1 & echo $! > ${pidFile}; until grep -q "(sleep) . [0-9]* $! $! " /proc/$!/stat; do sleep 0.01; done`;
    const ran = await spoor(['run', '--state', state, '--', 'sh', '-c', script]);
    const pid = Number(fs.readFileSync(pidFile, 'utf8'));
    t.after(() => process.kill(pid, 'SIGKILL'));
    assert.equal(ran.code, 0);
    assert.match(
      ran.stderr,
      new RegExp(`still runs 1 process, no longer watched\\n +pid ${pid}  sleep 1000\\n`),
    );
    const [end] = eventsIn(state, '--event', 'session.end');
    assert.deepEqual(end?.attributes['spoor.session.remaining_pids'], [pid]);
    assert.equal(end?.attributes['spoor.session.end_reason'], 'watcher_stopped');
  },
);

test(
  'a receiver that is down costs nothing but the wait; the next run delivers all of it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const first = await spoor(['run', '--state', state, '--otlp', url, '--', 'sh', '-c', 'exit 5']);
    assert.equal(first.code, 5);
    assert.match(first.stderr, new RegExp(`not delivered to ${url}: \\d+ records .*ECONNREFUSED`));
    assert.doesNotMatch(first.stderr, /Resolution note/);
    assert.equal((await spoor(['verify', '--state', state])).code, 0);

    const receiver = await startReceiver({ folder, port });
    t.after(() => receiver.stop());
    const second = await spoor(['run', '--state', state, '--otlp', url, '--', 'true']);
    assert.match(second.stderr, new RegExp(`all delivered to ${url}`));
    await receiver.caughtUp();
    const events = eventsIn(state);
    const shipped = new Set(receiver.logs.map(({ attributes }) => attributes['log.record.uid']));
    for (const { uid, index } of events)
      assert.ok(shipped.has(uid), `record ${index} is not with the receiver`);
    const traces = new Set(receiver.spans.map(({ trace_id }) => trace_id));
    const sessions = new Set(events.map(({ trace_id }) => trace_id).filter((id) => id !== ''));
    assert.deepEqual(traces, sessions);
  },
);

test(
  'a receiver that refuses or answers nonsense does not touch the exit code or the log',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const receiver = await startReceiver({ folder });
    t.after(() => receiver.stop());
    for (const behaviour of ['refuse PERMISSION_DENIED', 'nonsense'] as const) {
      await receiver.tell('all', behaviour);
      const state = join(folder, behaviour.slice(0, 4));
      const ran = await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'sh', '-c', 'exit 4']);
      assert.equal(ran.code, 4, ran.stderr);
      assert.equal((await spoor(['verify', '--state', state])).code, 0);
    }
  },
);

test('every process is a span of the session, and its parent is who made it', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const receiver = await startReceiver({ folder });
  t.after(() => receiver.stop());
  const script = '(cat /etc/hostname; true) >/dev/null; ls / >/dev/null; exit 3';
  await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'bash', '-c', script]);
  await receiver.caughtUp();
  const exits = eventsIn(state, '--event', 'process.exit');
  const spans = new Map(receiver.spans.map((span) => [span.span_id, span]));
  assert.equal(spans.size, exits.length);
  assert.equal(receiver.spans.length, exits.length);
  for (const exit of exits) {
    const span = spans.get(exit.span_id);
    assert.ok(span, `process ${exit.attributes['process.pid']} has no span`);
    assert.equal(span.trace_id, exit.trace_id);
    const isRoot = exit.attributes['process.entity_id'] === exit.attributes['session.id'];
    const parent = String(exit.attributes['process.parent.entity_id']).slice(0, 16);
    assert.equal(span.parent_span_id, isRoot ? '' : parent);
    assert.equal(span.status_code, exit.attributes['process.exit.code'] === 0 ? 0 : 2);
  }
});

test('no planted secret is in the state folder, whatever way it came', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const secrets = {
    flag: 'hunter2flagA9',
    url: 'hunter2urlB8',
    header: 'hunter2headC7',
    assignment: 'hunter2envD6',
    path: `ghp_${'x1Y2z3W4v5'.repeat(4)}`,
    content: 'hunter2contentE5',
    environment: 'hunter2environF4',
    standardInput: 'hunter2stdinG3',
  };
  fs.writeFileSync(join(folder, 'secret.txt'), secrets.content);
  const script = [
    `true --password ${secrets.flag}`,
    `cat ${folder}/secret.txt >/dev/null`,
    `/bin/echo https://user:${secrets.url}@host/ >/dev/null`,
    `/bin/echo -H 'Authorization: Bearer ${secrets.header}' >/dev/null`,
    `env API_TOKEN=${secrets.assignment} true`,
    `touch ${folder}/${secrets.path}.txt; cat ${folder}/${secrets.path}.txt; cd ${folder}; mkdir ${secrets.path}; cd ${secrets.path}; ls >/dev/null`,
    `cp /bin/true ./${secrets.path}; ./${secrets.path}`,
    'cat >/dev/null',
  ].join('\n');
  const ran = await spoor(['run', '--state', state, '--', 'bash', '-c', script], {
    input: secrets.standardInput,
    env: { DEPLOY_TOKEN: secrets.environment },
  });
  assert.equal(ran.code, 0, ran.stderr);
  assert.deepEqual(leaksIn(state, Object.values(secrets)), []);
  for (const secret of Object.values(secrets))
    assert.ok(!ran.stderr.includes(secret), `the report shows ${secret}`);
  // What was hidden is said, and what was not secret is there.
  const events = eventsIn(state, '--event', 'process.exec');
  const flagged = events.find(({ attributes }) =>
    String(attributes['process.command_args']).startsWith('env,API_TOKEN'),
  );
  assert.ok(flagged);
  assert.deepEqual(flagged.attributes['process.command_args'], ['env', 'API_TOKEN=[masked]', 'true']);
  assert.ok((flagged.attributes['spoor.redacted'] as string[]).includes('process.command_args'));
});

test('report and events read back what run told', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor([
    'run',
    '--state',
    state,
    '--json',
    '--',
    'sh',
    '-c',
    'ls / >/dev/null; cat /etc/shadow >/dev/null',
  ]);
  const live = JSON.parse(ran.stderr);
  const read = JSON.parse((await spoor(['report', 'last', '--state', state, '--json'])).stdout);
  assert.deepEqual(read, live);
  assert.equal(live.processes.count, 3);
  // An attribute that the registry does not know would make a gap of its event.
  assert.deepEqual(eventsIn(state, '--event', 'sensor.gap'), []);
  assert.equal(live.files.notable[0].why, 'credentials');
  const byId = await spoor(['report', String(live.session).slice(0, 8), '--state', state]);
  assert.match(
    byId.stdout,
    /^spoor: sh -c 'ls \/ >\/dev\/null; cat \/etc\/shadow >\/dev\/null'\n {2}exit code 0 after/,
  );
});

test('events --json prints the contract: these names, this order, all of the log', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  const { stdout } = await spoor(['events', '--json', '--state', state]);
  const lines = stdout.trimEnd().split('\n');
  for (const [index, line] of lines.entries()) {
    const event = JSON.parse(line);
    assert.deepEqual(Object.keys(event), [
      'time',
      'event_name',
      'index',
      'uid',
      'trace_id',
      'span_id',
      'severity',
      'attributes',
    ]);
    assert.equal(event.index, index);
    assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  }
});

test('--event takes a glob, --session the beginning of an id', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'true']);
  await spoor(['run', '--state', state, '--', 'cat', '/etc/hostname']);
  const names = new Set(eventsIn(state, '--event', 'process.*').map(({ event_name }) => event_name));
  assert.deepEqual(names, new Set(['process.exec', 'process.exit']));
  const last = eventsIn(state, '--session', 'last', '--event', 'process.exec');
  assert.deepEqual(
    last.map(({ attributes }) => attributes['process.executable.name']),
    ['cat'],
  );
  const [first] = eventsIn(state, '--event', 'session.start');
  const byPrefix = eventsIn(
    state,
    '--session',
    String(first?.trace_id).slice(0, 8),
    '--event',
    'process.exec',
  );
  assert.deepEqual(
    byPrefix.map(({ attributes }) => attributes['process.executable.name']),
    ['true'],
  );
});

test(
  'events --follow prints what is recorded after it began; a signal at the end cuts the wait for a receiver',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const state = join(folder, 'state');
    await spoor(['run', '--state', state, '--', 'true']);
    const receiver = await startReceiver({ folder });
    t.after(() => receiver.stop());
    await receiver.tell('all', 'hang');
    const follower = spawn(
      SPOOR,
      ['events', '--follow', '--state', state, '--event', 'session.end', '--json'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    t.after(() => follower.kill());
    const lines = createInterface({ input: follower.stdout })[Symbol.asyncIterator]();
    await lines.next(); // the first session's end
    const watched = spawn(
      SPOOR,
      ['run', '--state', state, '--otlp', receiver.url, '--', 'sh', '-c', 'exit 8'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    let report = '';
    watched.stderr.on('data', (bytes: Buffer) => {
      report += bytes.toString();
    });
    // COMMAND has ended by then, and Spoor waits for a receiver that answers nothing.
    const end = JSON.parse(String((await lines.next()).value));
    assert.equal(end.attributes['process.exit.code'], 8);
    watched.kill('SIGINT');
    const [code] = await once(watched, 'close');
    assert.equal(code, 8);
    assert.match(report, /not delivered to \S+: .*interrupted/);
  },
);

test('a reader of events that goes away early ends the command without a word', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  await spoor(['run', '--state', state, '--', 'ls', '-lR', '/etc']);
  const out = execFileSync('bash', [
    '-c',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a shell expands it
    '"$0" events --json --state "$1" | head -1; echo "${PIPESTATUS[0]}"',
    SPOOR,
    state,
  ]);
  assert.match(out.toString(), /^\{.*\}\n0\n$/);
});

test('control characters of a session never reach the terminal', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const state = join(folder, 'state');
  const name = 'a\u001b[2Jb\nc\u202ed';
  fs.writeFileSync(join(folder, name), 'x');
  const ran = await spoor(['run', '--state', state, '--', 'cat', join(folder, name)], { cwd: CHECKOUT });
  const { stdout } = await spoor(['events', '--state', state]);
  for (const text of [ran.stderr, stdout]) {
    assert.ok(text.includes('a\\x1b[2Jb\\nc\\u202ed'), text);
    assert.ok(!text.includes('\u001b') && !text.includes('\u202e'));
  }
});

test('doctor says what loads, what is seen and what is not', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor(['doctor', '--json', '--state', state]);
  const { checks, coverage } = JSON.parse(ran.stdout);
  assert.equal(ran.code, 0);
  assert.equal(checks.find(({ subject }: { subject: string }) => subject === 'sensor').state, 'good');
  assert.ok(coverage.some(({ state }: { state: string }) => state === 'not_seen'));
  assert.equal(fs.existsSync(state), false); // looking makes nothing
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
