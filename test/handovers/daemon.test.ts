import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { CHECKOUT } from '../checkout.ts';
import { needsSensor } from '../programs/session.ts';
import type { PrintedEvent } from '../spoor.ts';
import { beginSession, execOf, handoversIn, outside } from './session.ts';

function basisOf(events: readonly PrintedEvent[], ...args: string[]): unknown[] {
  return execOf(events, (told) => told.slice(-args.length).join(' ') === args.join(' '))
    .map(({ attributes }) => attributes['spoor.session.basis'])
    .sort(); // those whose hash was not known stand later in the log
}

/** A server of tmux that somebody else started before, with a window of theirs. */
async function tmux(t: TestContext, folder: string): Promise<string> {
  const socket = join(folder, 'tmux');
  const server = outside(t, 'tmux', ['-S', socket, '-f', '/dev/null', '-D'], { cwd: '/' });
  atEnd(t, () => execFileSync('sh', ['-c', `tmux -S ${socket} kill-server || :`], { stdio: 'ignore' }));
  assert.ok(server.pid);
  // It listens once a client gets through.
  for (;;) {
    try {
      execFileSync('tmux', ['-S', socket, 'new-session', '-d', '-s', 'theirs', '-x', '80', '-y', '24'], {
        cwd: '/',
        stdio: 'ignore',
      });
      return socket;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

test(
  'what a tmux server outside starts for the session is inferred, what it starts for others is not',
  needsSensor,
  async (t) => {
    const folder = realpathSync(emptyFolder(t));
    const socket = await tmux(t, folder);
    const here = join(folder, 'here');
    mkdirSync(here);
    const session = await beginSession(t, { cwd: here });
    const theirs = () =>
      execFileSync('tmux', ['-S', socket, 'new-window', '-d', '-c', '/usr', '/bin/sleep 71.5'], { cwd: '/' });
    await session.does(`tmux -S ${socket} new-window -d 'sleep 61.25; echo over'`);
    theirs();
    await session.does(`tmux -S ${socket} send-keys -t theirs 'sleep 62.25' Enter`);
    await session.does(`tmux -S ${socket} new-window -d`);
    theirs();
    const shell = await session.until(
      ({ event_name, attributes }) =>
        event_name === 'session.handover' &&
        /its next child, in the directory/.test(String(attributes['spoor.session.evidence'])),
    );
    await session.until(({ attributes }) => String(attributes['process.command_args']) === 'sleep,62.25');
    const { events } = await session.end();

    const told = handoversIn(events);
    const [daemon] = told;
    assert.equal(daemon?.attributes['spoor.session.basis'], 'shared');
    assert.equal(daemon?.attributes['spoor.unix.path'], socket);
    assert.match(String(daemon?.attributes['spoor.target.executable']), /tmux$/);
    assert.equal(daemon?.attributes['spoor.handover.followed'], false);
    assert.equal(told.filter(({ attributes }) => attributes['spoor.session.basis'] === 'shared').length, 1);
    assert.deepEqual(basisOf(events, 'sleep 61.25; echo over'), ['exact', 'inferred']); // the client, the window's shell
    assert.deepEqual(basisOf(events, 'sleep', '61.25'), ['inferred']);
    assert.deepEqual(basisOf(events, 'sleep', '62.25'), ['inferred']);
    assert.equal(shell.attributes['spoor.session.basis'], 'inferred');
    assert.deepEqual(
      execOf(events, (args) => args.join(' ').includes('71.5')),
      [],
    );
  },
);

/** Enough of the engine's API for `docker run -d`; starts the command as containerd-shim does, by a double fork. */
const ENGINE = `
import http.server, json, os, socketserver, sys
commands = {}
class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def log_message(self, *args): pass
    def address_string(self): return 'unix'
    def answer(self, status, body=None):
        data = b'' if body is None else json.dumps(body).encode()
        self.send_response(status)
        self.send_header('Api-Version', '1.43')
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        if self.command != 'HEAD': self.wfile.write(data)
    def do_HEAD(self): self.answer(200)
    def do_GET(self): self.answer(200, {})
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if '/containers/create' in self.path:
            commands['last'] = json.loads(body)['Cmd']
            return self.answer(201, {'Id': 'c' * 64, 'Warnings': []})
        if self.path.endswith('/start'):
            start(commands['last'])
            return self.answer(204)
        self.answer(200, {})
def start(command):
    child = os.fork()
    if child == 0:
        os.setsid()
        if os.fork() == 0: os.execvp(command[0], command)
        os._exit(0)
    os.waitpid(child, 0)
class Server(socketserver.ThreadingUnixStreamServer): daemon_threads = True
server = Server(sys.argv[1], Api)
print('ready', flush=True)
server.serve_forever()
`;

test('a command that docker run gave to the engine is inferred by its words', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o755);
  const engine = join(folder, 'dockerd');
  copyFileSync(realpathSync('/usr/bin/python3'), engine); // an engine is known by its executable's name
  chmodSync(engine, 0o755);
  const socket = join(folder, 'docker.sock');
  const child = outside(t, engine, ['-c', ENGINE, socket], { cwd: '/' });
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  // What docker's client says to it.
  const client = join(folder, 'docker');
  writeFileSync(
    client,
    `#!/usr/bin/python3
import http.client, json, socket, sys
connection = http.client.HTTPConnection('docker')
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect('${socket}')
def post(path, body):
    connection.request('POST', path, json.dumps(body)); connection.getresponse().read()
post('/v1.43/containers/create', {'Image': sys.argv[3], 'Cmd': sys.argv[4:]})
post('/v1.43/containers/c/start', {})
`,
    { mode: 0o755 },
  );
  const isReal = spawnSync('docker', ['--version']).status === 0;
  t.diagnostic(isReal ? 'with the real docker client' : 'no docker client here: with a script in its place');
  const docker = isReal ? `DOCKER_HOST=unix://${socket} docker` : client;
  const session = await beginSession(t);
  await session.does(`${docker} run -d debian sh -c 'cat /etc/hostname; exec sleep 0'`);
  execFileSync(client, ['run', '-d', 'debian', 'sh', '-c', 'exec sleep 0.01']); // somebody else's
  const started = await session.until(
    ({ event_name, attributes }) =>
      event_name === 'session.handover' && attributes['spoor.session.basis'] === 'inferred',
  );
  const { events } = await session.end();
  assert.equal(started.attributes['spoor.unix.path'], socket);
  assert.match(String(started.attributes['spoor.session.evidence']), /asked dockerd/);
  assert.deepEqual(basisOf(events, 'sh', '-c', 'cat /etc/hostname; exec sleep 0').slice(-1), ['inferred']);
  assert.deepEqual(
    execOf(events, (args) => args.join(' ').includes('sleep 0.01')),
    [],
  );
});

test('a unit that systemd-run asked for is inferred by its words', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o755);
  const systemd = join(folder, 'systemd'); // by its executable's name it is known
  copyFileSync(realpathSync('/usr/bin/python3'), systemd);
  chmodSync(systemd, 0o755);
  // A mount namespace whose /run/systemd says that systemd runs, and where its stand-in listens.
  const standIn = join(CHECKOUT, 'test/handovers/systemd_stand_in.py');
  const script = `mount -t tmpfs tmpfs /run/systemd && mkdir /run/systemd/system && exec "$@"`;
  const daemon = outside(t, 'unshare', [
    ...['--mount', 'sh', '-c', script, 'sh'],
    ...[systemd, standIn, '/run/systemd/private'],
  ]);
  await new Promise((resolve) => daemon.stdout?.once('data', resolve));
  const within = ['nsenter', `--target=${daemon.pid}`, '--mount', `--wd=${process.cwd()}`, '--'];
  const session = await beginSession(t, { within });
  await session.does('systemd-run --quiet --no-block /bin/echo from a unit');
  const [first = '', ...rest] = within;
  execFileSync(first, [...rest, 'systemd-run', '--quiet', '--no-block', '/bin/echo', 'their unit']);
  const told = await session.until(
    ({ event_name, attributes }) =>
      event_name === 'session.handover' && attributes['spoor.session.basis'] === 'inferred',
  );
  const { events } = await session.end();
  assert.equal(told.attributes['spoor.unix.path'], '/run/systemd/private');
  assert.match(
    String(told.attributes['spoor.session.evidence']),
    /asked systemd: .*systemd-run's command line/,
  );
  assert.deepEqual(basisOf(events, '/bin/echo', 'from', 'a', 'unit').slice(-1), ['inferred']);
  assert.deepEqual(
    execOf(events, (args) => args.includes('their unit')),
    [],
  );
});

test('a name server, a log and Spoor itself are no hand-over', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const journal = join(folder, 'systemd-journald');
  copyFileSync(realpathSync('/usr/bin/python3'), journal);
  chmodSync(journal, 0o755);
  const path = join(folder, 'socket');
  const script = `import socket,sys\ns=socket.socket(socket.AF_UNIX); s.bind('${path}'); s.listen(); print('ready',flush=True)\nwhile 1: s.accept()[0].close()`;
  const child = outside(t, journal, ['-c', script]);
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  const session = await beginSession(t);
  await session.does(`python3 -c "import socket; socket.socket(socket.AF_UNIX).connect('${path}')"`);
  const { events } = await session.end();
  const connect = events.find(({ attributes }) => attributes['spoor.unix.path'] === path);
  assert.equal(connect?.attributes['spoor.target.pid'], child.pid); // or the test tests nothing
  assert.deepEqual(handoversIn(events), []);
});
