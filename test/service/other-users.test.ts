/** Users that are not root beside the service: they may have a child of their own watched, and nothing else. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder, type Scope } from '../at-end.ts';
import { CHECKOUT, SPOOR } from '../checkout.ts';
import { eventsIn, needsRoot, type Outcome, run } from '../system/spoor.ts';
import { eventsNaming } from './own-sessions.ts';
import { type RunningService, startService } from './running.ts';

/** Debian's own: what root has first in its path others may not enter. */
const PYTHON = '/usr/bin/python3';
const NOBODY = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
const UNIT = readFileSync(join(CHECKOUT, 'collector/service/spoor.service'), 'utf8');

/** A service whose folders lie, and are closed, as systemd makes them for the unit. */
async function installedService(t: Scope): Promise<{ service: RunningService; folder: string }> {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o755);
  for (const [name, setting] of [
    ['state', 'StateDirectoryMode'],
    ['run', 'RuntimeDirectoryMode'],
  ] as const) {
    const mode = new RegExp(`^${setting}=(\\d+)$`, 'm').exec(UNIT)?.[1];
    assert.ok(mode, setting);
    mkdirSync(join(folder, name));
    chmodSync(join(folder, name), Number.parseInt(mode, 8));
  }
  return { service: await startService(t, { folder }), folder };
}

/** Runs a program as a plain user on whose host the service's sockets lie where everybody looks for them. */
function asNobody({ runtime }: RunningService, command: readonly string[]): Promise<Outcome> {
  const place = `mount -t tmpfs none /run && mkdir /run/spoor && mount --bind ${runtime} /run/spoor`;
  const user = `setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups --inh-caps=-all`;
  return run('unshare', ['--mount', 'sh', '-c', `${place} && exec ${user} -- "$@"`, 'sh', ...command], {
    env: { HOME: '/nonexistent', XDG_STATE_HOME: '' },
  });
}

/** Asks the control socket one question and prints the answer. */
const ASKS = `import os, socket, subprocess, sys
child = subprocess.Popen(["sleep", "60"])
if len(sys.argv) > 2:
    os.seteuid(int(sys.argv[2]))
s = socket.socket(socket.AF_UNIX)
s.connect("/run/spoor/control.sock")
s.sendall((sys.argv[1].replace("CHILD", str(child.pid)) + "\\n").encode())
print(s.makefile().readline().strip())
if len(sys.argv) > 2:
    os.seteuid(0)
child.kill()
`;

test(
  'spoor run of another user is watched by the service: his report, his session in the log under his name',
  needsRoot,
  async (t) => {
    const { service, folder } = await installedService(t);
    const home = join(folder, 'home');
    mkdirSync(home);
    chmodSync(home, 0o777);
    const file = join(home, 'written');
    const outcome = await asNobody(service, [SPOOR, 'run', '--', 'sh', '-c', `id -u > ${file}; exit 7`]);
    assert.equal(outcome.code, 7, outcome.stderr);
    assert.match(outcome.stderr, /exit code 7 after .*, as nobody/);
    assert.match(outcome.stderr, /kept by the service/);
    assert.equal(readFileSync(file, 'utf8'), `${NOBODY}\n`);
    assert.equal(await service.stop(), 0);
    const events = eventsNaming(await eventsIn(service.state), folder);
    const start = events.find(({ event_name }) => event_name === 'session.start')?.attributes;
    assert.equal(start?.['process.user.name'], 'nobody');
    assert.ok(start?.['spoor.start.kind']);
    const write = events.find(({ attributes }) => attributes['file.path'] === file)?.attributes;
    assert.equal(write?.['session.id'], start?.['session.id']);
  },
);

test(
  'another user gets no status, no figures, no log, no list of sockets, and cannot signal or reload the service',
  needsRoot,
  async (t) => {
    const { service } = await installedService(t);
    const status = await asNobody(service, [SPOOR, 'status']);
    assert.equal(status.code, 2);
    assert.match(status.stderr, /only root may ask what is watched; use sudo/);
    for (const [what, ...command] of [
      ['the figures', 'curl', '--silent', '--unix-socket', '/run/spoor/metrics.sock', 'http://spoor/metrics'],
      ['the list of sockets', 'ls', '/run/spoor'],
      ['the log', 'cat', join(service.state, 'log/checkpoint')],
      ['the list of the state', 'ls', service.state],
      ['a reload', 'kill', '-HUP', String(service.pid)],
      ['a look for it', 'kill', '-0', String(service.pid)],
    ] as const)
      assert.notEqual((await asNobody(service, command)).code, 0, what);
    const events = await asNobody(service, [SPOOR, 'events', '--state', service.state]);
    assert.notEqual(events.code, 0);
    assert.equal(events.stdout.toString(), '');
    // Nothing of it has moved the service.
    assert.equal(await service.stop(), 0);
    assert.deepEqual(
      service.said.filter(({ message }) => message.includes('configuration')),
      [],
    );
  },
);

test(
  'another user has no process watched that runs as somebody else, though it is his child by its number',
  needsRoot,
  async (t) => {
    const { service, folder } = await installedService(t);
    const asks = join(folder, 'asks.py');
    writeFileSync(asks, ASKS);
    const request = '{"ask":"watch","pid":CHILD,"agent":{"name":"x"}}';
    const place = `mount -t tmpfs none /run && mkdir /run/spoor && mount --bind ${service.runtime} /run/spoor`;
    const asRoot = `${place} && exec ${PYTHON} ${asks} '${request}' ${NOBODY}`;
    const foreign = await run('unshare', ['--mount', 'sh', '-c', asRoot]);
    assert.equal(foreign.stderr, '');
    assert.match(JSON.parse(foreign.stdout.toString()).refused, /^process \d+ runs as another user$/);
    const own = await asNobody(service, [PYTHON, asks, request]);
    assert.deepEqual(JSON.parse(own.stdout.toString()), { watching: true });
  },
);

test(
  'a user who keeps every connection open that he may have keeps neither root nor others from being heard',
  needsRoot,
  async (t) => {
    const { service, folder } = await installedService(t);
    const holds = join(folder, 'holds.py');
    writeFileSync(
      holds,
      `import os, socket, subprocess, sys
held = []
for n in range(65):
    s = socket.socket(socket.AF_UNIX)
    s.connect("${service.runtime}/control.sock")
    held.append(s)
print(held[-1].makefile().readline().strip())
os.write(1, b"held\\n")
sys.stdin.readline()
`,
    );
    const status = `"$1" status --state ${service.state} --json`;
    const holding = await run('sh', [
      '-c',
      `mkfifo ${folder}/go ${folder}/said
setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${PYTHON} ${holds} < ${folder}/go > ${folder}/said &
exec 3> ${folder}/go 4< ${folder}/said
read refused <&4; echo "$refused"; read held <&4
${status}
echo >&3; wait`,
      'sh',
      SPOOR,
    ]);
    assert.equal(holding.stderr, '');
    const [refused, answered] = holding.stdout.toString().trim().split('\n');
    assert.match(JSON.parse(refused ?? '').refused, /^too many of your questions are open/);
    assert.equal(JSON.parse(answered ?? '').service.pid, service.pid);
  },
);
