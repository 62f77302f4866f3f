/** What is said of connections and datagrams, held against the servers' own counts and a capture by tshark. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { type Capture, captureLoopback } from './capture.ts';
import { eventsIn, needsRoot, type PrintedEvent, spoor } from './spoor.ts';

/** What the session does: to each server so many bytes, so many back; then what fails; then a socket that is passed on. */
const CLIENT = `
import array, errno, os, socket, sys
tcp4, tcp6, udp, closed = map(int, sys.argv[1:5])
path = sys.argv[5]

def exchange(sock, sent, received):
    sock.sendall(b'x' * sent)
    sock.shutdown(socket.SHUT_WR)
    while sock.recv(65536): pass
    sock.close()

sock = socket.create_connection(('127.0.0.1', tcp4)); exchange(sock, 100000, 0)
sock = socket.create_connection(('::1', tcp6)); exchange(sock, 54321, 0)
sock = socket.socket(socket.AF_UNIX); sock.connect(path); exchange(sock, 1234, 0)
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for size in (10, 200, 1400):
    sock.sendto(b'y' * size, ('127.0.0.1', udp))
    sock.recv(65536)
sock.close()
for family, host in ((socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1')):
    sock = socket.socket(family)
    assert sock.connect_ex((host, closed)) == errno.ECONNREFUSED
    sock.close()
here, there = socket.socketpair(socket.AF_UNIX)
sock = socket.create_connection(('127.0.0.1', tcp4))
socket.send_fds(here, [b'f'], [sock.fileno()])
if os.fork() == 0:
    # Another process of the session is given the socket and is the only one that ever uses it.
    _, (fd,), _, _ = socket.recv_fds(there, 1, 1)
    taken = socket.socket(fileno=fd)
    sock.close()
    exchange(taken, 777, 0)
    os._exit(0)
sock.close()
os.wait()
`;

interface Counted {
  sent: number;
  received: number;
  /** The client's port, where it has one. */
  port: number;
}

describe('flows, against the servers and a capture', needsRoot, () => {
  const folder = emptyFolder({ after });
  const state = join(folder, 'state');
  const capture = join(folder, 'capture.pcapng');
  const path = join(folder, 'socket');
  /** By server: what each of its clients sent it, and was sent. */
  const truth: Record<'tcp4' | 'tcp6' | 'unix', Counted[]> = { tcp4: [], tcp6: [], unix: [] };
  const udp: Counted = { sent: 0, received: 0, port: 0 };
  const ports = { tcp4: 0, tcp6: 0, udp: 0, closed: 0 };
  const servers: Server[] = [];
  let events: PrintedEvent[];
  let running: Capture;

  /** Answers three bytes to each that it gets. */
  async function serve(kind: keyof typeof truth, where: string | { host: string; port: number }) {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const counted: Counted = { sent: 0, received: 0, port: socket.remotePort ?? 0 };
      truth[kind].push(counted);
      socket.on('data', (chunk) => {
        counted.received += chunk.length;
        counted.sent += 3 * chunk.length;
        socket.write(Buffer.alloc(3 * chunk.length));
      });
      socket.on('end', () => socket.end());
    });
    servers.push(server);
    server.listen(where);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  before(async () => {
    ports.tcp4 = await serve('tcp4', { host: '127.0.0.1', port: 0 });
    ports.tcp6 = await serve('tcp6', { host: '::1', port: 0 });
    await serve('unix', path);
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    ports.closed = (closed.address() as AddressInfo).port;
    closed.close();
    const datagrams = createSocket('udp4').bind(0, '127.0.0.1');
    await once(datagrams, 'listening');
    ports.udp = datagrams.address().port;
    datagrams.on('message', (message, peer) => {
      udp.received += message.length;
      udp.sent += 2 * message.length;
      udp.port = peer.port;
      datagrams.send(Buffer.alloc(2 * message.length), peer.port, peer.address);
    });
    const filter = `port ${ports.tcp4} or port ${ports.tcp6} or port ${ports.udp}`;
    running = await captureLoopback(capture, filter);
    const args = [ports.tcp4, ports.tcp6, ports.udp, ports.closed, path].map(String);
    const { code, stderr } = await spoor(['run', '--state', state, '--', 'python3', '-c', CLIENT, ...args]);
    await running.end();
    for (const server of servers) server.close();
    datagrams.close();
    assert.equal(code, 0, stderr);
    events = await eventsIn(state);
    assert.ok(!events.some(({ event_name }) => event_name === 'sensor.gap'));
  });

  function flows(port: number) {
    return events
      .filter(
        ({ event_name, attributes }) =>
          event_name === 'network.close' && attributes['network.peer.port'] === port,
      )
      .map(({ attributes }) => ({
        port: Number(attributes['network.local.port']),
        sent: Number(attributes['source.bytes']),
        received: Number(attributes['destination.bytes']),
      }));
  }

  /** As the client counts: what it sent is what the server received. */
  function asClient(counted: readonly Counted[]) {
    return counted.map(({ port, sent, received }) => ({ port, sent: received, received: sent }));
  }

  test('the bytes of each TCP connection are those that its server counted, of a passed socket too', () => {
    assert.equal(truth.tcp4.length, 2);
    assert.deepEqual(byPort(flows(ports.tcp4)), byPort(asClient(truth.tcp4)));
    assert.deepEqual(flows(ports.tcp6), asClient(truth.tcp6));
    assert.equal(truth.tcp6[0]?.received, 54321);
  });

  test('the bytes of datagrams to an address are those that its server counted', () => {
    assert.equal(udp.received, 1610);
    assert.deepEqual(
      flows(ports.udp).map(({ sent, received }) => ({ sent, received })),
      [{ sent: udp.received, received: udp.sent }],
    );
  });

  test('ports and bytes are those that tshark finds in the packets of the same run', () => {
    const printed = execFileSync(
      'tshark',
      [
        ...['-r', capture, '-T', 'fields', '-E', 'separator=,'],
        ...['tcp.srcport', 'tcp.dstport', 'tcp.len', 'udp.srcport', 'udp.dstport', 'udp.length'].flatMap(
          (field) => ['-e', field],
        ),
        ...['-Y', `not tcp.analysis.retransmission and ${running.notOurs}`],
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const captured = new Map<string, { sent: number; received: number }>();
    for (const line of printed.trim().split('\n')) {
      const [tcpFrom, tcpTo, tcpBytes, udpFrom, udpTo, udpLength] = line.split(',');
      const [from, to] = [Number(tcpFrom || udpFrom), Number(tcpTo || udpTo)];
      const bytes = tcpFrom ? Number(tcpBytes) : Number(udpLength) - 8;
      const outgoing = Object.values(ports).includes(to);
      const key = outgoing ? `${from} ${to}` : `${to} ${from}`;
      const flow = captured.get(key) ?? { sent: 0, received: 0 };
      flow[outgoing ? 'sent' : 'received'] += bytes;
      captured.set(key, flow);
    }
    for (const port of [ports.tcp4, ports.tcp6]) {
      for (const { port: own, ...bytes } of flows(port))
        assert.deepEqual(bytes, captured.get(`${own} ${port}`), `${own} to ${port}`);
    }
    const [datagrams] = flows(ports.udp);
    assert.deepEqual(
      { sent: datagrams?.sent, received: datagrams?.received },
      captured.get(`${udp.port} ${ports.udp}`),
    );
    assert.equal(captured.size, 4);
  });

  test('a refused connection is told with its errno, over both families', () => {
    const refused = events.filter(
      ({ event_name, attributes }) =>
        event_name === 'network.connect' && attributes['network.peer.port'] === ports.closed,
    );
    assert.deepEqual(
      refused.map(({ attributes }) => [attributes['network.peer.address'], attributes['error.type']]),
      [
        ['127.0.0.1', 'ECONNREFUSED'],
        ['::1', 'ECONNREFUSED'],
      ],
    );
  });

  test('a unix socket is told with its path and who listens there', () => {
    const connects = events.filter(
      ({ event_name, attributes }) => event_name === 'unix.connect' && attributes['spoor.unix.path'] === path,
    );
    assert.deepEqual(
      connects.map(({ attributes }) => [
        attributes['event.outcome'],
        attributes['spoor.file.path_basis'],
        attributes['spoor.target.pid'],
      ]),
      [['success', 'resolved', process.pid]],
    );
  });
});

function byPort<T extends { readonly port: number }>(flows: readonly T[]): T[] {
  return [...flows].sort((a, b) => a.port - b.port);
}
