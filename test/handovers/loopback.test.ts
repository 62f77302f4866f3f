import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { needsSensor } from '../programs/session.ts';
import { beginSession, execOf, handoversIn, outside } from './session.ts';

/**
 * Answers each connection with the pid of who serves it. "fork" makes a process for each; what it serves "go" opens
 * the file that the client names, once the test has made it.
 */
const SERVER = `
import os, socketserver, sys, time
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        self.wfile.write(b'%d\\n' % os.getpid())
        path = self.rfile.readline().strip().decode()
        while path and not os.path.exists(path): time.sleep(0.02)
        if path: open(path).close()
        self.wfile.write(b'bye\\n')
kind = socketserver.ForkingTCPServer if sys.argv[1] == 'fork' else socketserver.TCPServer
family = sys.argv[2] if len(sys.argv) > 2 else ''
if family == '6':
    import socket
    kind.address_family = socket.AF_INET6
kind.allow_reuse_address = True
with kind(('::' if family == '6' else '127.0.0.1', 0), Handler) as server:
    print(server.server_address[1], flush=True)
    server.serve_forever()
`;

function serve(t: Parameters<typeof outside>[0], ...args: string[]): Promise<{ pid: number; port: number }> {
  const child = outside(t, '/usr/bin/python3', ['-c', SERVER, ...args]);
  return new Promise((resolve) => {
    child.stdout?.once('data', (line: Buffer) => resolve({ pid: child.pid ?? 0, port: Number(line) }));
  });
}

test(
  'a process forked for a connection of the session is joined by both ends, and followed',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    // The server's socket is of IPv6, the client's of IPv4.
    const { pid: listener, port } = await serve(t, 'fork', '6');
    const session = await beginSession(t);
    const go = join(folder, 'go');
    const talk = session.does(
      `exec 9<>/dev/tcp/127.0.0.1/${port}; read -r pid <&9; echo ${go} >&9; read -r bye <&9; exec 9>&-; echo $pid`,
    );
    const handover = await session.until(({ event_name }) => event_name === 'session.handover');
    writeFileSync(go, '');
    const server = Number(await talk);
    // A connection of somebody else to the same daemon.
    const other = Number(
      execFileSync('bash', [
        '-c',
        `exec 9<>/dev/tcp/127.0.0.1/${port}; read -r pid <&9; echo >&9; echo $pid`,
      ]),
    );
    const { events } = await session.end();

    assert.equal(handover.attributes['spoor.handover.way'], 'loopback');
    assert.equal(handover.attributes['spoor.session.basis'], 'exact');
    assert.equal(handover.attributes['spoor.handover.followed'], true);
    assert.equal(handover.attributes['spoor.target.pid'], server);
    assert.equal(handover.attributes['network.peer.port'], port);
    assert.match(String(handover.attributes['spoor.target.executable']), /python3/);
    const opened = events.find(
      ({ event_name, attributes }) =>
        event_name === 'file.open' && attributes['file.path'] === go && attributes['process.pid'] === server,
    );
    assert.equal(opened?.attributes['session.id'], handover.attributes['session.id']);
    assert.equal(opened?.attributes['spoor.session.basis'], 'exact');
    assert.match(String(opened?.attributes['spoor.session.evidence']), /both ends of tcp/);
    assert.ok(other > 0 && other !== server);
    for (const pid of [listener, other])
      assert.ok(
        !events.some(({ attributes }) =>
          [attributes['process.pid'], attributes['spoor.target.pid']].includes(pid),
        ),
      );
  },
);

test(
  'a server that was there before the connection is told once and not followed',
  needsSensor,
  async (t) => {
    const { pid, port } = await serve(t, 'one');
    const session = await beginSession(t);
    for (let round = 0; round < 3; round += 1)
      await session.does(
        `exec 9<>/dev/tcp/127.0.0.1/${port}; read -r pid <&9; echo >&9; read -r bye <&9; exec 9>&-`,
      );
    const { events } = await session.end();
    const told = handoversIn(events);
    assert.equal(told.length, 1);
    assert.equal(told[0]?.attributes['spoor.target.pid'], pid);
    assert.equal(told[0]?.attributes['spoor.handover.followed'], false);
    assert.ok(!events.some(({ attributes }) => attributes['process.pid'] === pid));
  },
);

test('ssh to this host: what the login runs counts to the session', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  chmodSync(folder, 0o700);
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  writeFileSync(join(folder, 'authorized'), readFileSync(join(folder, 'user.pub')), { mode: 0o600 });
  mkdirSync('/run/sshd', { recursive: true });
  const { port } = await freePort();
  const daemon = outside(t, '/usr/sbin/sshd', [
    ...['-D', '-e', '-f', '/dev/null', '-p', String(port), '-h', join(folder, 'host')],
    ...['-o', 'ListenAddress=127.0.0.1', '-o', `AuthorizedKeysFile=${join(folder, 'authorized')}`],
    ...['-o', 'StrictModes=no', '-o', 'PidFile=none', '-o', 'UsePAM=no', '-o', 'PermitRootLogin=yes'],
  ]);
  await new Promise<void>((resolve) => {
    daemon.stderr?.on('data', (text: Buffer) => text.includes('listening') && resolve());
  });
  const session = await beginSession(t);
  const ssh = `ssh -F none -i ${join(folder, 'user')} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p ${port} 127.0.0.1`;
  assert.equal(
    await session.does(`${ssh} 'cat /etc/hostname >/dev/null; /bin/echo over there'`),
    'over there\n',
  );
  // The decoy: somebody else's login at the same daemon.
  execFileSync('bash', ['-c', `${ssh} '/bin/echo another login'`]);
  const { events } = await session.end();
  const [echo, ...more] = execOf(events, (args) => args.join(' ') === '/bin/echo over there');
  assert.equal(more.length, 0);
  assert.equal(echo?.attributes['spoor.session.basis'], 'exact');
  assert.match(String(echo?.attributes['spoor.session.evidence']), /both ends of tcp/);
  const cat = events.find(({ attributes }) => attributes['file.path'] === '/etc/hostname');
  assert.equal(cat?.attributes['session.id'], echo?.attributes['session.id']);
  assert.deepEqual(
    execOf(events, (args) => args.includes('another')),
    [],
  );
});

/** A port that nobody listens on; sshd takes none of its own choice. */
async function freePort(): Promise<{ port: number }> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return { port };
}
