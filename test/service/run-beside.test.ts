/** `spoor run` while a service watches: one sensor, one log, and COMMAND notices nothing. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { SPOOR } from '../checkout.ts';
import { eventsIn, needsRoot, run, spoor } from '../system/spoor.ts';
import { plantCodex } from './agent.ts';
import { eventsNaming, startsNaming } from './own-sessions.ts';
import { startService } from './running.ts';

test(
  'the session of spoor run is in the log of the service, with its report, and COMMAND ends as it does',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const file = join(folder, 'written');
    const outcome = await spoor(
      ['run', '--state', service.state, '--', 'bash', '-c', `cat; echo x > ${file}; exit 7`],
      { input: Buffer.from('passed on') },
    );
    assert.equal(outcome.code, 7, outcome.stderr);
    assert.equal(outcome.stdout.toString(), 'passed on');
    assert.match(outcome.stderr, /kept by the service/);
    assert.match(outcome.stderr, /2 programs run|bash/);
    await service.stop();
    const all = await eventsIn(service.state);
    const events = eventsNaming(all, folder);
    const start = events.find(({ event_name }) => event_name === 'session.start')?.attributes;
    assert.equal(start?.['spoor.session.started_by'], 'run');
    const write = events.find(({ attributes }) => attributes['file.path'] === file)?.attributes;
    assert.equal(write?.['session.id'], start?.['session.id']);
    const end = events.find(({ event_name }) => event_name === 'session.end')?.attributes;
    assert.equal(end?.['process.exit.code'], 7);
    assert.equal(all.filter(({ event_name }) => event_name === 'log.open').length, 1); // one writer, all the time
  },
);

test(
  'a recognised agent in spoor run is one session, started by run, though env execs it',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(join(folder, 'usr'), 'process.exitCode = 3;\n');
    const outcome = await spoor(['run', '--state', service.state, '--json', '--', command]);
    assert.equal(outcome.code, 3, outcome.stderr);
    assert.equal(JSON.parse(outcome.stderr).agent.name, 'codex');
    await service.stop();
    const starts = startsNaming(await eventsIn(service.state), folder);
    assert.equal(starts.length, 1);
    assert.equal(starts[0]?.attributes['spoor.session.started_by'], 'run');
    assert.equal(starts[0]?.attributes['gen_ai.agent.name'], 'codex');
  },
);

test(
  'a command inside a watched session gets nothing from either socket of the service',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const asks = join(folder, 'asks.py');
    writeFileSync(
      asks,
      `import socket, sys
for name, request in (("control.sock", b'{"ask":"status"}\\n'), ("metrics.sock", b"GET /metrics HTTP/1.0\\r\\n\\r\\n")):
    s = socket.socket(socket.AF_UNIX)
    s.connect("${service.runtime}/" + name)
    s.sendall(request)
    print(s.makefile().readline().strip())
`,
    );
    const inside = await spoor(['run', '--state', service.state, '--', 'python3', asks]);
    const [control, metrics] = inside.stdout.toString().split('\n');
    assert.match(JSON.parse(control ?? '').refused, /^a process of session [0-9a-f]{32} gets no answer/);
    assert.match(metrics ?? '', /^HTTP\/1\.1 403 /);
    const outside = await run('python3', [asks]);
    const [status, text] = outside.stdout.toString().split('\n');
    assert.ok(JSON.parse(status ?? '').service.pid === service.pid);
    assert.match(text ?? '', /^HTTP\/1\.1 200 /);
  },
);

// A look whether the session is empty must not miss its only process while that is in doubt, as it is after each exec.
test(
  'a session that becomes a suspect program 40 times over is watched, and refused, all the time',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const again = join(folder, 'again.py');
    writeFileSync(
      again,
      `import os, socket, subprocess, sys
subprocess.run(["true"])  # its exit makes the service look
s = socket.socket(socket.AF_UNIX)
s.connect("${service.runtime}/control.sock")
s.sendall(b'{"ask":"status"}\\n')
print("refused" in s.makefile().readline())
left = int(sys.argv[1]) - 1
if left > 0:
    sys.stdout.flush()
    os.execv(sys.executable, ["python3", sys.argv[0], str(left)])
`,
    );
    const { stdout } = await spoor(['run', '--state', service.state, '--', 'python3', again, '40']);
    assert.equal(stdout.toString(), 'True\n'.repeat(40));
    await service.stop();
    const events = eventsNaming(await eventsIn(service.state), folder);
    assert.equal(events.filter(({ event_name }) => event_name === 'session.end').length, 1);
  },
);

test('nobody has a process watched that is not a child of theirs', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder });
  const victim = spawn('/bin/sleep', ['60'], { stdio: 'ignore' });
  atEnd(t, () => victim.kill());
  await once(victim, 'spawn');
  const request = JSON.stringify({ ask: 'watch', pid: victim.pid, agent: { name: 'x' } });
  const { stdout } = await run('python3', [
    '-c',
    `import socket
s = socket.socket(socket.AF_UNIX)
s.connect("${service.runtime}/control.sock")
s.sendall(b'''${request}\\n''')
print(s.makefile().readline())`,
  ]);
  assert.deepEqual(JSON.parse(stdout.toString()), { refused: `process ${victim.pid} is no child of yours` });
});

test(
  'an agent that is watched keeps its session and its name, though who started it asks for others',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const { command } = plantCodex(
      join(folder, 'usr'),
      "console.log('ready'); process.stdin.resume(); process.stdin.on('end', () => process.exit(0));\n",
    );
    const { stdout } = await run('python3', [
      '-c',
      `import json, socket, subprocess
agent = subprocess.Popen(["${command}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
agent.stdout.readline()
s = socket.socket(socket.AF_UNIX)
s.connect("${service.runtime}/control.sock")
s.sendall((json.dumps({"ask": "watch", "pid": agent.pid, "agent": {"name": "harmless"}}) + "\\n").encode())
print(s.makefile().readline())
agent.stdin.close()
agent.wait()`,
    ]);
    assert.match(
      JSON.parse(stdout.toString()).refused,
      /^process \d+ is watched already, in session [0-9a-f]{32}$/,
    );
    await service.stop();
    const starts = startsNaming(await eventsIn(service.state), folder);
    assert.deepEqual(
      starts.map(({ attributes }) => [
        attributes['gen_ai.agent.name'],
        attributes['spoor.session.started_by'],
      ]),
      [['codex', 'recognition']],
    );
  },
);

test('--otlp beside a service is refused with the mend, and COMMAND is not run', needsRoot, async (t) => {
  const folder = emptyFolder(t);
  const service = await startService(t, { folder });
  const { code, stdout, stderr } = await spoor([
    'run',
    '--state',
    service.state,
    '--otlp',
    'http://127.0.0.1:1',
    '--',
    'echo',
    'ran',
  ]);
  assert.equal(code, 2);
  assert.equal(stdout.toString(), '');
  assert.match(stderr, /^spoor: --otlp cannot be used while a service watches this host: .*--state\n$/);
});

test(
  'a service that is killed under spoor run leaves COMMAND alone and is told in the report',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const service = await startService(t, { folder });
    const child = spawn(
      SPOOR,
      ['run', '--state', service.state, '--', 'bash', '-c', 'echo ready; read go; exit 4'],
      {
        stdio: ['pipe', 'pipe', 'pipe'],
      },
    );
    let stderr = '';
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await once(child.stdout, 'data');
    await service.kill();
    child.stdin.end('go\n');
    const [code] = await once(child, 'close');
    assert.equal(code, 4);
    assert.match(stderr, /no report: the service at .* went away/);
  },
);
