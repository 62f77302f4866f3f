import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { ja3, ja4 } from './fingerprint.ts';
import { type ClientHello, ClientHelloReader, MAX_HELLO_BYTES } from './tls.ts';
import { tshark } from './tshark.ts';

/** What a real client sends first, up to a whole ClientHello. `start` is given the port to connect to. */
async function captureHello(start: (port: number) => ChildProcess | undefined): Promise<Buffer> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = start((server.address() as AddressInfo).port);
  const [socket] = (await once(server, 'connection')) as [Socket];
  const reader = new ClientHelloReader();
  const segments: Buffer[] = [];
  for await (const segment of socket as AsyncIterable<Buffer>) {
    segments.push(segment);
    if (reader.push(segment).state !== 'reading') break;
  }
  socket.destroy();
  server.close();
  client?.kill('SIGKILL');
  return Buffer.concat(segments);
}

function run(program: string, args: readonly string[]): ChildProcess {
  return spawn(program, args, { stdio: 'ignore' });
}

const CLIENTS = new Map<string, (port: number) => ChildProcess | undefined>([
  [
    'openssl s_client with a name and two protocols',
    (port) =>
      run('openssl', [
        ...[
          's_client',
          '-connect',
          `127.0.0.1:${port}`,
          '-servername',
          'host.example',
          '-alpn',
          'h2,http/1.1',
        ],
      ]),
  ],
  [
    'openssl s_client with TLS 1.2 only and no name',
    (port) => run('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-noservername', '-tls1_2']),
  ],
  [
    'curl',
    (port) => run('curl', ['-sk', '--connect-to', `a.example:443:127.0.0.1:${port}`, 'https://a.example/']),
  ],
  [
    'node',
    (port) => {
      const options = { host: '127.0.0.1', port, servername: 'node.example', ALPNProtocols: ['x'] };
      connect(options).on('error', () => {}); // the server hangs up on it
      return undefined;
    },
  ],
]);

for (const [name, start] of CLIENTS) {
  test(`the hello of ${name} reads as tshark reads it`, async () => {
    const bytes = await captureHello(start);
    const hello = mustRead(bytes);
    const [seen] = tshark({ headers: ['-T', '40000,443'], payloads: [bytes] }, [
      'tls.handshake.extensions_server_name',
      'tls.handshake.extensions_alpn_str',
      'tls.handshake.ciphersuite',
      'tls.handshake.extension.type',
      'tls.handshake.sig_hash_alg',
      'tls.handshake.extensions.supported_version',
      'tls.handshake.ja3_full',
      'tls.handshake.ja3',
    ]);
    assert.ok(seen);
    assert.deepEqual(
      hello.serverName ? [hello.serverName] : [],
      seen.get('tls.handshake.extensions_server_name'),
    );
    assert.deepEqual(hello.alpn, seen.get('tls.handshake.extensions_alpn_str'));
    assert.deepEqual(hello.cipherSuites, seen.get('tls.handshake.ciphersuite')?.map(Number));
    assert.deepEqual(hello.extensions, seen.get('tls.handshake.extension.type')?.map(Number));
    assert.deepEqual(hello.signatureAlgorithms, seen.get('tls.handshake.sig_hash_alg')?.map(Number));
    assert.deepEqual(
      hello.supportedVersions,
      seen.get('tls.handshake.extensions.supported_version')?.map(Number),
    );
    assert.deepEqual([ja3(hello).text], seen.get('tls.handshake.ja3_full'));
    assert.deepEqual([ja3(hello).hash], seen.get('tls.handshake.ja3'));
    assert.equal(hello.encryptedHello, 'absent');
  });
}

test('a real hello reads the same however it is cut into segments and records', async () => {
  const whole = await captureHello(CLIENTS.get('curl') as (port: number) => ChildProcess);
  const expected = mustRead(whole);
  const message = whole.subarray(5, 5 + whole.readUInt16BE(3));
  const cuts = fc.array(fc.integer({ min: 1, max: message.length - 1 }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, cuts, (recordCuts, segmentCuts) => {
      const stream = Buffer.concat(pieces(message, recordCuts).map(record));
      const reader = new ClientHelloReader();
      const states = pieces(stream, segmentCuts).map((segment) => reader.push(segment));
      assert.deepEqual(states.at(-1), { state: 'hello', hello: expected });
      assert.ok(states.slice(0, -1).every(({ state }) => state === 'reading' || state === 'hello'));
    }),
  );
});

// Chrome 143: its values as several public fingerprint services show them, GREASE added where Chrome puts it.
const CHROME = {
  legacyVersion: 0x0303,
  cipherSuites: [
    ...[
      0x2a2a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
    ],
    ...[0x009d, 0x002f, 0x0035],
  ],
  extensions: [
    ...[
      0x8a8a, 0x002d, 0x0033, 0x0010, 0xfe0d, 0x0017, 0x44cd, 0x0000, 0x000b, 0x000a, 0x002b, 0xff01, 0x0023,
    ],
    ...[0x0012, 0x0005, 0x000d, 0x001b, 0x1a1a],
  ],
  supportedVersions: [0xcaca, 0x0304, 0x0303],
  supportedGroups: [0xfafa, 4588, 29, 23, 24],
  pointFormats: [0],
  signatureAlgorithms: [0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
  alpn: ['h2', 'http/1.1'],
  serverName: 'front.example',
  encryptedHello: 'offered',
} as const;

test("Chrome's hello has the published JA3 and JA4, GREASE left out, and is marked as encrypted", () => {
  const hello = mustRead(record(clientHello(CHROME)));
  assert.deepEqual(hello, CHROME);
  assert.equal(ja3(hello).hash, '98487aa16281980e7d1120d399efb6a4');
  assert.equal(ja4(hello), 't13d1516h2_8daaf6152771_d8a2da3f94cd');
});

test("JA4 has the values of its specification's own examples", () => {
  const older = {
    ...CHROME,
    extensions: [
      0x1b, 0, 0x33, 0x10, 0x4469, 0x17, 0x2d, 0x0d, 5, 0x23, 0x12, 0x2b, 0xff01, 0x0b, 0x0a, 0x15,
    ],
  };
  assert.equal(ja4(older), 't13d1516h2_8daaf6152771_e5627efa2ab1');
  assert.match(ja4({ ...older, signatureAlgorithms: [] }), /_6d807ffa2a79$/);
  const bare = {
    ...CHROME,
    cipherSuites: [0x0a0a],
    extensions: [0x10, 0xdada],
    supportedVersions: [],
    alpn: [],
  };
  assert.equal(ja4(bare), 't12i000100_000000000000_000000000000');
  const ends = new Map([
    ['\xab', 'ab'],
    ['\xab\xcd', 'ad'],
    ['0\xab', '3b'],
    ['01\xab\xcd', '3d'],
    ['0\xab\xcd1', '01'],
    ['x', 'xx'],
    ['http/1.1', 'h1'],
    ['', '00'],
  ]);
  for (const [protocol, expected] of ends)
    assert.equal(ja4({ ...CHROME, alpn: [protocol] }).slice(8, 10), expected);
  const many = Array.from({ length: 120 }, (_, i) => 0x1000 + i);
  assert.match(ja4({ ...CHROME, cipherSuites: many }), /^t13d9916h2/);
});

test('a hello without extensions has no name and no protocols', () => {
  const body = Buffer.concat([Buffer.from([3, 1]), Buffer.alloc(32), Buffer.from([0, 0, 2, 0, 0x35, 1, 0])]);
  const hello = mustRead(record(handshake(body)));
  assert.equal(hello.serverName, undefined);
  assert.deepEqual(hello.extensions, []);
  assert.match(ja4(hello), /^t10i010000_[0-9a-f]{12}_000000000000$/);
});

test('what is not TLS is known at its first bytes', () => {
  for (const text of ['GET / HTTP/1.1\r\n', 'SSH-2.0-x\r\n', '\x16\x04', '\x17\x03\x03\x00\x10']) {
    assert.deepEqual(new ClientHelloReader().push(Buffer.from(text, 'latin1')), { state: 'not_tls' });
  }
  const serverHello = record(Buffer.from([2, 0, 0, 1, 0]));
  assert.deepEqual(new ClientHelloReader().push(serverHello), { state: 'not_tls' });
});

test('a hello that says it is longer than the limit is given up at its header', () => {
  const header = Buffer.from([1, 0, (MAX_HELLO_BYTES + 1) >> 8, (MAX_HELLO_BYTES + 1) & 0xff]);
  assert.deepEqual(new ClientHelloReader().push(record(header)), { state: 'too_large' });
});

test('no bytes make the reader throw, and a hello that is cut never passes for whole', () => {
  const segments = fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 });
  fc.assert(
    fc.property(segments, (list) => {
      const reader = new ClientHelloReader();
      for (const segment of list) reader.push(segment);
    }),
  );
  const whole = record(clientHello(CHROME));
  for (let length = 0; length < whole.length; length++) {
    assert.deepEqual(new ClientHelloReader().push(whole.subarray(0, length)), { state: 'reading' });
  }
  const place = fc.integer({ min: 0, max: whole.length - 1 });
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, (bent) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of bent) bytes[at] = value;
      const result = new ClientHelloReader().push(bytes);
      if (result.state === 'hello') ja4(result.hello);
    }),
    { numRuns: 2_000 },
  );
});

function mustRead(bytes: Uint8Array): ClientHello {
  const result = new ClientHelloReader().push(bytes);
  assert.equal(result.state, 'hello');
  return (result as { hello: ClientHello }).hello;
}

function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...[...new Set(cuts)].sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end));
}

function record(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([22, 3, 1, content.length >> 8, content.length & 0xff]), content]);
}

function handshake(body: Buffer): Buffer {
  return Buffer.concat([Buffer.from([1, 0, body.length >> 8, body.length & 0xff]), body]);
}

function block16(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([content.length >> 8, content.length & 0xff]), content]);
}

function block8(content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([content.length]), content]);
}

function uint16s(values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

/** Writes a hello with the given lists: the other direction, after the same sections of the specification. */
function clientHello(hello: typeof CHROME): Buffer {
  const content = new Map<number, Buffer>([
    [0x0000, block16(Buffer.concat([Buffer.from([0]), block16(Buffer.from(hello.serverName, 'latin1'))]))],
    [0x000a, block16(uint16s(hello.supportedGroups))],
    [0x000b, block8(Buffer.from(hello.pointFormats))],
    [0x000d, block16(uint16s(hello.signatureAlgorithms))],
    [0x0010, block16(Buffer.concat(hello.alpn.map((name) => block8(Buffer.from(name, 'latin1')))))],
    [0x002b, block8(uint16s(hello.supportedVersions))],
    [0xfe0d, Buffer.alloc(186, 0xec)],
  ]);
  const extensions = hello.extensions.map((type) =>
    Buffer.concat([uint16s([type]), block16(content.get(type) ?? Buffer.alloc(0))]),
  );
  return handshake(
    Buffer.concat([
      uint16s([hello.legacyVersion]),
      Buffer.alloc(32, 0xaa),
      block8(Buffer.alloc(32, 0xbb)),
      block16(uint16s(hello.cipherSuites)),
      block8(Buffer.from([0])),
      block16(Buffer.concat(extensions)),
    ]),
  );
}
