/** Names on the wire: TLS hellos held against tshark's reading of the same run, DNS against what a server was asked. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import packet, { type Packet } from 'dns-packet';
import { emptyFolder } from '../at-end.ts';
import { captureLoopback } from './capture.ts';
import { eventsIn, needsRoot, type PrintedEvent, spoor } from './spoor.ts';

/** Sends a real hello of Python's in two segments, and one with an extension that says: the name inside is another. */
const ODD_HELLOS = `
import socket, ssl, sys
port = int(sys.argv[1])

def hello(name):
    context = ssl.create_default_context()
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try: context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError: pass
    return outgoing.read()

def send(*parts):
    sock = socket.create_connection(('127.0.0.1', port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for part in parts: sock.sendall(part)
    while sock.recv(100): pass

whole = hello('two-segments.example')
send(whole[:200], whole[200:])

def with_extension(whole, extension):
    at = 5 + 4 + 2 + 32
    at += 1 + whole[at]
    at += 2 + int.from_bytes(whole[at:at + 2], 'big')
    at += 1 + whole[at]
    head, extensions = whole[9:at], whole[at + 2:] + extension
    body = head + len(extensions).to_bytes(2, 'big') + extensions
    message = b'\\x01' + len(body).to_bytes(3, 'big') + body
    return whole[:3] + len(message).to_bytes(2, 'big') + message

# encrypted_client_hello (0xfe0d), outer: HKDF-SHA256, AES-128-GCM, config 7, an encapsulated key and a payload
outer = bytes([0, 0, 1, 0, 1, 7]) + (32).to_bytes(2, 'big') + bytes(32) + (64).to_bytes(2, 'big') + bytes(64)
send(with_extension(hello('relay.example'), b'\\xfe\\x0d' + len(outer).to_bytes(2, 'big') + outer))
`;

const PYTHON = `
import socket, ssl, sys
try: ssl.create_default_context().wrap_socket(socket.create_connection(('127.0.0.1', int(sys.argv[1]))), server_hostname='python.example')
except (ssl.SSLError, OSError): pass
`;

const LONG_LIST = Array.from({ length: 24 }, (_, i) => `protocol-${i}-${'x'.repeat(80)}`).join(',');

function clients(port: number): readonly (readonly string[])[] {
  const openssl = (...args: string[]) => ['openssl', 's_client', '-connect', `127.0.0.1:${port}`, ...args];
  return [
    openssl('-tls1_2', '-servername', 'tls12.example'),
    openssl('-tls1_3', '-servername', 'tls13.example'),
    openssl('-servername', 'long.example', '-alpn', LONG_LIST),
    openssl('-noservername'),
    ['curl', '-sk', '--connect-to', `curl.example:443:127.0.0.1:${port}`, 'https://curl.example/'],
    [
      'node',
      '-e',
      `require('tls').connect({ host: '127.0.0.1', port: ${port}, servername: 'node.example', ALPNProtocols: ['h2', 'http/1.1'] }).on('error', () => {})`,
    ],
    ['python3', '-c', PYTHON, String(port)],
    ['python3', '-c', ODD_HELLOS, String(port)],
  ];
}

function quoted(command: readonly string[]): string {
  return command.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}

/** What tshark reads of one ClientHello, by field. */
type Read = ReadonlyMap<string, readonly string[]>;

const FIELDS = [
  'tcp.srcport',
  'tls.handshake.extensions_server_name',
  'tls.handshake.extensions_alpn_str',
  'tls.handshake.version',
  'tls.handshake.ciphersuite',
  'tls.handshake.extension.type',
  'tls.handshake.sig_hash_alg',
  'tls.handshake.extensions.supported_version',
  'tls.handshake.ja3',
];

/** JA4 by its specification (FoxIO, technical_details/JA4.md), of what tshark read: tshark 4.0 has no JA4 of its own. */
function ja4Of(read: Read): string {
  const numbers = (field: string) =>
    (read.get(field) ?? []).map(Number).filter((number) => (number & 0x0f0f) !== 0x0a0a);
  const hex = (number: number) => number.toString(16).padStart(4, '0');
  const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 12);
  const count = (list: readonly unknown[]) => String(Math.min(list.length, 99)).padStart(2, '0');
  const ciphers = numbers('tls.handshake.ciphersuite');
  const extensions = numbers('tls.handshake.extension.type');
  const versions = numbers('tls.handshake.extensions.supported_version');
  const version = Math.max(...(versions.length > 0 ? versions : numbers('tls.handshake.version')));
  const [alpn = ''] = read.get('tls.handshake.extensions_alpn_str') ?? [];
  const named = extensions.includes(0) ? 'd' : 'i';
  const ends = alpn === '' ? '00' : `${alpn.at(0)}${alpn.at(-1)}`;
  const shown: { readonly [version: number]: string } = { 772: '13', 771: '12' };
  const hashed = extensions.filter((type) => type !== 0 && type !== 16).map(hex);
  const signatures = numbers('tls.handshake.sig_hash_alg').map(hex);
  return [
    `t${shown[version]}${named}${count(ciphers)}${count(extensions)}${ends}`,
    hash(ciphers.map(hex).sort().join()),
    hash(`${hashed.sort().join()}_${signatures.join()}`),
  ].join('_');
}

describe('TLS hellos, against a capture', needsRoot, () => {
  const folder = emptyFolder({ after });
  let hellos: PrintedEvent[];
  let read: Read[];

  before(async () => {
    const server = createServer((socket) => {
      let got = Buffer.alloc(0);
      socket.on('error', () => {}); // a client that hangs up first
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.length >= 5 && got.length >= 5 + got.readUInt16BE(3)) socket.destroy();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const capture = join(folder, 'capture.pcapng');
    const running = await captureLoopback(capture, `tcp port ${port}`);
    const script = clients(port)
      .map((command) => `${quoted(command)} </dev/null >/dev/null 2>&1`)
      .join('; ');
    const state = join(folder, 'state');
    const { code, stderr } = await spoor(['run', '--state', state, '--', 'sh', '-c', `${script}; exit 0`]);
    await running.end();
    server.close();
    assert.equal(code, 0, stderr);
    hellos = await eventsIn(state, '--event', 'tls.hello');
    const options = ['-r', capture, '-d', `tcp.port==${port},tls`, '-Y', 'tls.handshake.type == 1'];
    const printed = execFileSync(
      'tshark',
      [
        ...options,
        ...['-T', 'fields', '-E', 'separator=|', '-E', 'aggregator=;'],
        ...FIELDS.flatMap((field) => ['-e', field]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    read = printed
      .trim()
      .split('\n')
      .map((line) => {
        const columns = line.split('|');
        return new Map(FIELDS.map((field, i) => [field, (columns[i] ?? '').split(';').filter(Boolean)]));
      });
  });

  function helloFrom(port: string | undefined): PrintedEvent['attributes'] {
    const found = hellos.filter(({ attributes }) => String(attributes['network.local.port']) === port);
    assert.equal(found.length, 1, `port ${port}`);
    return found[0]?.attributes ?? {};
  }

  test('each hello that tshark finds is one tls.hello of the same connection, with the same name', () => {
    assert.equal(read.length, 9);
    assert.equal(hellos.length, 9);
    for (const one of read) {
      const told = helloFrom(one.get('tcp.srcport')?.[0]);
      assert.equal(told['server.address'], one.get('tls.handshake.extensions_server_name')?.[0]);
    }
    assert.deepEqual(read.flatMap((one) => one.get('tls.handshake.extensions_server_name') ?? []).sort(), [
      'curl.example',
      'long.example',
      'node.example',
      'python.example',
      'relay.example',
      'tls12.example',
      'tls13.example',
      'two-segments.example',
    ]);
  });

  test('JA3 and JA4 of openssl, curl, node and python are those of the capture', () => {
    for (const one of read) {
      const told = helloFrom(one.get('tcp.srcport')?.[0]);
      assert.equal(told['tls.client.ja3'], one.get('tls.handshake.ja3')?.[0], told['server.address']);
      assert.equal(told['spoor.tls.ja4'], ja4Of(one), told['server.address']);
    }
  });

  test('a hello that hides its name says so, and one without a name has none', () => {
    const hidden = hellos.filter(({ attributes }) => attributes['spoor.tls.encrypted_hello'] === true);
    assert.deepEqual(
      hidden.map(({ attributes }) => attributes['server.address']),
      ['relay.example'],
    );
    assert.equal(hellos.filter(({ attributes }) => attributes['server.address'] === undefined).length, 1);
  });
});

/** Of loopback, and nobody's: port 53 is free there. */
const RESOLVER = '127.0.0.77';
const ADDRESS = '127.0.0.9';

describe('questions, against the server that was asked', needsRoot, () => {
  const folder = emptyFolder({ after });
  const asked: string[] = [];
  let events: PrintedEvent[];

  function answer(query: Buffer): Packet {
    const { id, questions } = packet.decode(query);
    const [question] = questions;
    assert.ok(question);
    asked.push(`${question.type} ${question.name}`);
    const missing = question.name.startsWith('missing');
    return {
      type: 'response',
      id,
      flags: packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (missing ? 3 : 0),
      questions,
      answers:
        missing || question.type !== 'A' ? [] : [{ type: 'A', name: question.name, ttl: 60, data: ADDRESS }],
    };
  }

  before(async () => {
    const datagrams = createSocket('udp4').bind(53, RESOLVER);
    await once(datagrams, 'listening');
    datagrams.on('message', (query, peer) =>
      datagrams.send(packet.encode(answer(query)), peer.port, peer.address),
    );
    const streams = createServer((socket) => {
      socket.on('error', () => {});
      let got = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        got = Buffer.concat([got, chunk]);
        if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
        socket.end(packet.streamEncode(answer(got.subarray(2))));
      });
    }).listen(53, RESOLVER);
    await once(streams, 'listening');
    const conf = join(folder, 'resolv.conf');
    writeFileSync(conf, `nameserver ${RESOLVER}\n`);
    const state = join(folder, 'state');
    const script = [
      `dig +short +noall @${RESOLVER} dig-udp.example`,
      `dig +short +tcp @${RESOLVER} dig-tcp.example`,
      `dig +short @${RESOLVER} missing.example`,
      `unshare -m sh -c 'mount --bind ${conf} /etc/resolv.conf && python3 -c "import socket; print(socket.getaddrinfo(\\"stub.example\\", 80))"'`,
      `node -e "const dns = require('dns'); dns.setServers(['${RESOLVER}']); dns.resolve4('c-ares.example', (error, found) => console.log(error, found))"`,
    ].join('; ');
    const { code, stderr } = await spoor(['run', '--state', state, '--', 'sh', '-c', script]);
    datagrams.close();
    streams.close();
    assert.equal(code, 0, stderr);
    events = await eventsIn(state);
  });

  test('each question is told once, of the process that asked it, with the answer it got', () => {
    const told = events
      .filter(({ event_name }) => event_name === 'dns.query')
      .map(({ attributes }) => [
        attributes['process.executable.name'],
        attributes['network.transport'],
        `${attributes['dns.question.type']} ${attributes['dns.question.name']}`,
        attributes['dns.response_code'],
        (attributes['dns.answers'] ?? []).join(),
      ]);
    const of = (name: string) => told.filter(([, , question]) => question?.endsWith(` ${name}`));
    assert.deepEqual(of('dig-udp.example'), [['dig', 'udp', 'A dig-udp.example', 'NOERROR', ADDRESS]]);
    assert.deepEqual(of('dig-tcp.example'), [['dig', 'tcp', 'A dig-tcp.example', 'NOERROR', ADDRESS]]);
    assert.deepEqual(of('missing.example'), [['dig', 'udp', 'A missing.example', 'NXDOMAIN', '']]);
    assert.deepEqual(of('c-ares.example'), [['node', 'udp', 'A c-ares.example', 'NOERROR', ADDRESS]]);
    const stub = of('stub.example').filter(([, , question]) => question?.startsWith('A '));
    assert.equal(stub.length, 1);
    assert.match(String(stub[0]?.[0]), /^python3/);
    assert.deepEqual(stub[0]?.slice(1), ['udp', 'A stub.example', 'NOERROR', ADDRESS]);
    assert.deepEqual(told.map(([, , question]) => question).sort(), [...asked].sort());
  });
});
