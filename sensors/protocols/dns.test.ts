import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { once } from 'node:events';
import { test } from 'node:test';
import packet, { type Answer } from 'dns-packet';
import fc from 'fast-check';
import { type DnsMessage, readDns, readDnsStream } from './dns.ts';
import { tshark } from './tshark.ts';

const ANSWERS: readonly Answer[] = [
  { type: 'CNAME', name: 'www.host.example', ttl: 60, data: 'host.example' },
  { type: 'A', name: 'host.example', ttl: 300, data: '192.0.2.7' },
  { type: 'AAAA', name: 'host.example', ttl: 300, data: '2001:db8::1:0:0:7' },
  { type: 'MX', name: 'host.example', ttl: 300, data: { preference: 10, exchange: 'mail.host.example' } },
  { type: 'NS', name: 'host.example', ttl: 300, data: 'ns.host.example' },
  { type: 'PTR', name: '7.2.0.192.in-addr.arpa', ttl: 300, data: 'host.example' },
  { type: 'SRV', name: '_x._tcp.host.example', ttl: 300, data: { port: 1, target: 'srv.host.example' } },
  { type: 'TXT', name: 'host.example', ttl: 300, data: 'not ours to keep' },
];

function response(answers: readonly Answer[]): Buffer {
  return packet.encode({
    id: 4711,
    type: 'response',
    flags: 0x8180 | 3,
    questions: [{ type: 'A', name: 'www.host.example' }],
    answers,
  });
}

test("a resolver's real question reads as tshark reads it", async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  const resolver = new Resolver({ tries: 1 });
  resolver.setServers([`127.0.0.1:${server.address().port}`]);
  resolver.resolve('sub.host-7.example', 'AAAA', () => {}); // no answer will come
  const [question] = (await once(server, 'message')) as [Buffer];
  resolver.cancel();
  server.close();

  const read = mustRead(question);
  const [seen] = tshark({ headers: ['-u', '40000,53'], payloads: [question] }, [
    'dns.id',
    'dns.qry.name',
    'dns.qry.type',
  ]);
  assert.deepEqual(seen?.get('dns.id')?.map(Number), [read.id]);
  assert.deepEqual(
    seen?.get('dns.qry.name'),
    read.questions.map(({ name }) => name),
  );
  assert.deepEqual(seen?.get('dns.qry.type'), ['28']);
  assert.deepEqual(read.questions, [{ name: 'sub.host-7.example', type: 'AAAA' }]);
  assert.equal(read.kind, 'query');
  assert.equal(read.cut, false);
});

test('a response with compressed names reads as it was made, and as tshark reads it', () => {
  // dns-packet writes names whole; this one points back to the question (0xc00c) and into it (0xc010).
  const pointing = Buffer.concat([
    response([]).subarray(0, 6),
    Buffer.from([0, 2, 0, 0, 0, 0]),
    response([]).subarray(12),
    Buffer.from('c00c000500010000003c0002c010', 'hex'),
    Buffer.from('c010000100010000012c0004c0000207', 'hex'),
  ]);
  const read = mustRead(pointing);
  assert.deepEqual(read.answers, [
    { name: 'www.host.example', type: 'CNAME', timeToLiveSeconds: 60, data: 'host.example', dataBytes: 2 },
    { name: 'host.example', type: 'A', timeToLiveSeconds: 300, data: '192.0.2.7', dataBytes: 4 },
  ]);
  const [seen] = tshark({ headers: ['-u', '53,40000'], payloads: [pointing] }, [
    'dns.resp.name',
    'dns.cname',
    'dns.a',
    'dns.flags.rcode',
  ]);
  assert.deepEqual(
    seen?.get('dns.resp.name'),
    read.answers.map(({ name }) => name),
  );
  assert.deepEqual([seen?.get('dns.cname'), seen?.get('dns.a')], [['host.example'], ['192.0.2.7']]);
  assert.deepEqual([seen?.get('dns.flags.rcode'), read.responseCode], [['3'], 'NXDOMAIN']);
});

test('addresses and names of every type are given, and the content of other types is not', () => {
  const read = mustRead(response(ANSWERS));
  assert.deepEqual(
    read.answers.map(({ type, data }) => [type, data]),
    [
      ['CNAME', 'host.example'],
      ['A', '192.0.2.7'],
      ['AAAA', '2001:db8::1:0:0:7'],
      ['MX', 'mail.host.example'],
      ['NS', 'ns.host.example'],
      ['PTR', 'host.example'],
      ['SRV', 'srv.host.example'],
      ['TXT', undefined],
    ],
  );
  assert.equal(read.answers.at(-1)?.dataBytes, 1 + 'not ours to keep'.length);
  assert.ok(!JSON.stringify(read).includes('not ours'));
});

test('an IPv6 address is written as RFC 5952 says', () => {
  const wanted = [
    '::',
    '::1',
    '1::',
    '2001:db8::1:0:0:1',
    '2001:db8:0:1:1:1:1:1',
    'fe80::a',
    '::ffff:192.0.2.1',
  ];
  for (const address of wanted) {
    const [answer] = mustRead(response([{ type: 'AAAA', name: 'x', ttl: 0, data: address }])).answers;
    assert.equal(answer?.data, address);
  }
});

test('bytes of a name that could be taken for something else are escaped', () => {
  const odd = Buffer.concat([
    Buffer.from('000101000001000000000000', 'hex'),
    Buffer.from('\x07a.b\\\n\xff\x20\x01c\x00', 'latin1'),
    Buffer.from([0, 1, 0, 1]),
  ]);
  assert.deepEqual(mustRead(odd).questions, [{ name: 'a\\.b\\\\\\010\\255\\032.c', type: 'A' }]);
});

test('a name that points at itself, forward, or round in a circle is no name', () => {
  const header = '000181000001000000000000';
  const circles = ['c00c', 'c00e0000', '0161c00c', '0161c0100162c00c'];
  for (const name of circles) {
    const read = mustRead(Buffer.from(`${header}${name}00010001`, 'hex'));
    assert.deepEqual([read.questions, read.cut], [[], true]);
  }
});

test('what was whole before a message breaks off is given, and the message is marked', () => {
  const whole = response(ANSWERS);
  const expected = mustRead(whole);
  for (let length = 0; length < whole.length; length++) {
    const read = readDns(whole.subarray(0, length));
    if (!read) {
      assert.ok(length < 12);
      continue;
    }
    assert.equal(read.cut, true);
    assert.deepEqual(read.answers, expected.answers.slice(0, read.answers.length));
  }
  assert.equal(expected.cut, false);
});

test('a message that says it has 65,535 answers gives at most 128 and is marked', () => {
  const answer = Buffer.from('c00c000100010000012c0004c0000207', 'hex');
  const head = response([]);
  head.writeUInt16BE(0xffff, 6);
  const read = mustRead(Buffer.concat([head, ...Array<Buffer>(4_000).fill(answer)]));
  assert.deepEqual([read.answers.length, read.cut], [128, true]);
});

test('messages of a TCP stream are read as they become whole', () => {
  const messages = [response(ANSWERS), response([])];
  const stream = Buffer.concat(
    messages.flatMap((message) => [Buffer.from([message.length >> 8, message.length & 0xff]), message]),
  );
  for (let length = 0; length <= stream.length; length++) {
    const read = readDnsStream(stream.subarray(0, length));
    const whole = length === stream.length ? 2 : length >= 2 + (messages[0] as Buffer).length ? 1 : 0;
    assert.equal(read.messages.length, whole);
    assert.ok(read.usedBytes <= length);
  }
});

test('no bytes make the reader throw, and what dns-packet can write it reads the same', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => void readDns(bytes)));
  const whole = response(ANSWERS);
  const place = fc.integer({ min: 0, max: whole.length - 1 });
  const changes = fc.array(fc.tuple(place, fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(changes, (bent) => {
      const bytes = Buffer.from(whole);
      for (const [at, value] of bent) bytes[at] = value;
      readDns(bytes);
    }),
    { numRuns: 5_000 },
  );
  const labels = fc.array(fc.stringMatching(/^[a-z0-9_-]{1,20}$/), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(labels, fc.ipV4(), fc.integer({ min: 0, max: 0xffff }), (parts, address, id) => {
      const name = parts.join('.');
      const questions = [{ type: 'A', name }];
      const answers = [{ type: 'A', name, ttl: 5, data: address }];
      const read = mustRead(packet.encode({ type: 'response', id, questions, answers }));
      assert.deepEqual([read.id, read.questions, read.answers[0]?.data], [id, questions, address]);
    }),
  );
});

function mustRead(bytes: Uint8Array): DnsMessage {
  const read = readDns(bytes);
  assert.ok(read);
  return read;
}
