import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { beginSession, outside } from '../../test/handovers/session.ts';
import { needsSensor } from '../../test/programs/session.ts';
import type { PrintedEvent } from '../../test/spoor.ts';
import { createNames } from './names.ts';

const LOCAL = { address: '10.0.0.2', port: 40_000 };
const PEER = { address: '203.0.113.7', port: 443 };

test('the name of a connection is that of its own ClientHello, whatever DNS said of its address', () => {
  const names = createNames();
  names.answered('s', 'p', 'cdn.example', ['alias.example', '203.0.113.7']);
  assert.deepEqual(names.nameOf('s', 'p', LOCAL, PEER), { name: 'cdn.example', basis: 'dns_process' });
  names.greeted('s', LOCAL, PEER, 'api.example');
  assert.deepEqual(names.nameOf('s', 'p', LOCAL, PEER), { name: 'api.example', basis: 'tls' });
  const other = { ...LOCAL, port: 40_001 };
  assert.deepEqual(names.nameOf('s', 'p', other, PEER), { name: 'cdn.example', basis: 'dns_process' });
});

test('the answer to the process itself comes before that to another of its session, and no other session counts', () => {
  const names = createNames();
  names.answered('s', 'resolver', 'a.example', ['203.0.113.7']);
  assert.deepEqual(names.nameOf('s', 'p', LOCAL, PEER), { name: 'a.example', basis: 'dns_session' });
  names.answered('s', 'p', 'b.example', ['203.0.113.7']);
  names.answered('s', 'resolver', 'c.example', ['203.0.113.7']);
  assert.deepEqual(names.nameOf('s', 'p', LOCAL, PEER), { name: 'b.example', basis: 'dns_process' });
  assert.equal(names.nameOf('t', 'q', LOCAL, PEER), undefined);
});

test('a hello without a name takes no name from another connection', () => {
  const names = createNames();
  names.greeted('s', LOCAL, PEER, 'api.example');
  const silent = { ...LOCAL, port: 40_001 };
  assert.deepEqual(names.nameOf('s', 'p', silent, PEER), { name: 'api.example', basis: 'tls_session' });
  names.greeted('s', silent, PEER, undefined);
  assert.equal(names.nameOf('s', 'p', silent, PEER), undefined);
});

/** RFC 1035, enough for A: "one.test" is 127.0.0.1, "two.test" 127.0.0.2; AAAA has no answer, all else no such name. */
const RESOLVER = `
import socket, struct
names = {b'one': 1, b'two': 2}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
    server.bind(('127.0.0.53', 53))
    print('ready', flush=True)
    while True:
        query, client = server.recvfrom(512)
        end = query.index(b'\\0', 12) + 5
        label, kind = query[13:13 + query[12]], struct.unpack('!H', query[end - 4:end - 2])[0]
        host = names.get(label)
        found = host if kind == 1 else None
        head = query[:2] + struct.pack('!HHHHH', 0x8180 if host else 0x8183, 1, 1 if found else 0, 0, 0)
        answer = struct.pack('!HHHIH4B', 0xC00C, 1, 1, 60, 4, 127, 0, 0, found) if found else b''
        server.sendto(head + query[12:end] + answer, client)
`;

const WEB = `
import http.server
server = http.server.HTTPServer(('0.0.0.0', 8080), http.server.SimpleHTTPRequestHandler)
print('ready', flush=True)
server.serve_forever()
`;

/** A network namespace of the test's own, with a resolver and a web server in it; ip(8) gives it its resolv.conf. */
async function namespace(t: TestContext): Promise<{ name: string; inode: number; enter: string[] }> {
  const name = `spoor-test-${process.pid}`;
  const files = `/etc/netns/${name}`;
  mkdirSync(files, { recursive: true });
  writeFileSync(join(files, 'resolv.conf'), 'nameserver 127.0.0.53\noptions timeout:30\n');
  writeFileSync(join(files, 'nsswitch.conf'), 'hosts: dns\n');
  execFileSync('ip', ['netns', 'add', name]);
  t.after(() => {
    execFileSync('ip', ['netns', 'delete', name]);
    rmSync(files, { recursive: true });
  });
  const enter = ['ip', 'netns', 'exec', name];
  execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const folder = emptyFolder(t);
  for (const script of [RESOLVER, WEB]) {
    const server = outside(t, 'ip', ['netns', 'exec', name, '/usr/bin/python3', '-c', script], {
      cwd: folder,
    });
    await new Promise((resolve) => server.stdout?.once('data', resolve));
  }
  return { name, inode: statSync(`/run/netns/${name}`).ino, enter };
}

function connects(events: readonly PrintedEvent[], peer: string, port: number) {
  return events
    .filter(({ event_name }) => event_name === 'network.connect')
    .map(({ attributes }) => attributes)
    .filter((told) => told['network.peer.address'] === peer && told['network.peer.port'] === port);
}

test(
  'in a network namespace of its own an agent stays itself, and its connections have the names it asked for',
  needsSensor,
  async (t) => {
    const { inode, enter } = await namespace(t);
    const session = await beginSession(t);
    const inside = enter.join(' ');
    await session.does(`${inside} curl -sS -o /dev/null http://one.test:8080/`);
    // Looked up by one process, used by another.
    await session.does(`${inside} getent ahosts two.test >/dev/null`);
    await session.does(`${inside} bash -c 'exec 9<>/dev/tcp/127.0.0.2/8080'`);
    const { events } = await session.end();
    const [own] = connects(events, '127.0.0.1', 8080);
    assert.equal(own?.['server.address'], 'one.test');
    assert.equal(own?.['spoor.server.basis'], 'dns_process');
    const [others] = connects(events, '127.0.0.2', 8080);
    assert.equal(others?.['server.address'], 'two.test');
    assert.equal(others?.['spoor.server.basis'], 'dns_session');
    const queries = events.filter(
      ({ event_name, attributes }) => event_name === 'dns.query' && attributes['dns.answers'],
    );
    assert.deepEqual(queries.map(({ attributes }) => attributes['dns.question.name']).sort(), [
      'one.test',
      'two.test',
    ]);
    const ofNetwork = events.filter(({ event_name }) =>
      /^(?:network\.(?:connect|accept|listen|close)|dns\.query)$/.test(event_name),
    );
    for (const { event_name, attributes } of ofNetwork) {
      assert.equal(attributes['spoor.network.namespace'], inode, event_name);
      assert.equal(attributes['spoor.session.basis'], 'exact');
    }
    const curl = events.find(
      ({ event_name, attributes }) =>
        event_name === 'process.exec' && attributes['process.executable.name'] === 'curl',
    );
    const namespaces = String(curl?.attributes['spoor.process.namespaces']).split(',');
    assert.ok(namespaces.includes(`net=${inode}`));
  },
);

test(
  'DNS over HTTPS to a known resolver is one finding, by the name in its ClientHello',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const port = 20_000 + (process.pid % 40_000);
    execFileSync('sh', [
      '-c',
      `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${folder}/key -out ${folder}/cert -subj /CN=dns.google -days 1 2>/dev/null`,
    ]);
    const server = outside(t, 'openssl', [
      ...[
        's_server',
        '-accept',
        `127.0.0.1:${port}`,
        '-key',
        join(folder, 'key'),
        '-cert',
        join(folder, 'cert'),
        '-www',
      ],
    ]);
    await new Promise<void>((resolve) =>
      server.stdout?.on('data', (text: Buffer) => text.includes('ACCEPT') && resolve()),
    );
    const session = await beginSession(t);
    await session.does(
      `curl -sS -k --max-time 5 --doh-insecure --doh-url https://dns.google:${port}/dns-query --resolve dns.google:${port}:127.0.0.1 https://example.test/ 2>/dev/null || :`,
    );
    const { events } = await session.end();
    const hello = events.filter(({ event_name }) => event_name === 'tls.hello');
    assert.ok(hello.length > 0);
    for (const { attributes } of hello) {
      assert.equal(attributes['server.address'], 'dns.google');
      assert.equal(attributes['spoor.destination.type'], 'dns_over_https');
    }
    const close = events.find(
      ({ event_name, attributes }) =>
        event_name === 'network.close' && attributes['network.peer.port'] === port,
    );
    assert.equal(close?.attributes['server.address'], 'dns.google');
    assert.equal(close?.attributes['spoor.server.basis'], 'tls');
    const findings = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'finding' && attributes['security_rule.name'] === 'Names asked for over HTTPS',
    );
    assert.equal(findings.length, hello.length);
  },
);
