import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';
import {
  delivered,
  events,
  filledLog,
  indices,
  PATIENCE_MS,
  receiverFor,
  shippedLog,
  upTo,
} from '../../test/receivers/shipped-log.ts';
import { parseVkey } from '../log/note.ts';
import { verifyCopy } from '../verify/copy.ts';

for (const protocol of ['http/protobuf', 'http/json'] as const)
  for (const compression of ['none', 'gzip'] as const)
    test(`Python's HTTP server and protoc read what is sent as ${protocol}, compression ${compression}`, async (t) => {
      const [it, received] = [shippedLog(t), await receiverFor(t, { carrier: 'http' })];
      await filledLog(it, 700);
      const shipper = it.shipTo({ url: received.url, protocol, compression });
      shipper.start();
      assert.deepEqual(await delivered(shipper, received), { delivered: true, remaining: 0, cause: '' });

      assert.deepEqual(indices(received), upTo(701));
      const one = received.logs.find((log) => log.attributes['spoor.log.index'] === 43);
      assert.equal(one?.event_name, 'file.open');
      assert.equal(one?.time_unix_nano, '1700000000123456789');
      assert.equal(one?.trace_id, '0af7651916cd43dd8448eb211c80319c');
      assert.equal(one?.span_id, 'b7ad6b7169203331');
      assert.equal(one?.severity_text, 'INFO');
      assert.equal(one?.attributes['file.path'], '/tmp/42');
      assert.equal(one?.attributes['process.pid'], 42);
      assert.equal(one?.resource['spoor.key.id'], 'cafe0123');
      assert.equal(one?.scope.schema_url, 'https://opentelemetry.io/schemas/1.44.0');
      assert.equal(received.logs.at(-1)?.event_name, 'log.checkpoint');
      const encoding = protocol === 'http/json' ? 'json' : 'protobuf';
      assert.deepEqual(
        new Set(received.requests.map((request) => `${request.encoding} ${request.compression}`)),
        new Set([`${encoding} ${compression}`]),
      );
    });

test('what a receiver exports of records sent as JSON verifies, each leaf rebuilt from it', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t, { carrier: 'http' })];
  await filledLog(it, 300);
  const key = parseVkey(readFileSync(join(it.state, 'key/host.pub'), 'utf8'));
  const shipper = it.shipTo({ url: received.url, protocol: 'http/json' }, undefined, key.keyId);
  shipper.start();
  assert.ok((await delivered(shipper, received)).delivered);
  const verdict = await verifyCopy(received.exportFile, [key]);
  assert.deepEqual([verdict.integrity, verdict.problems, verdict.proved], ['intact', [], 301]);
});

for (const [code, title] of [
  [429, 'Too Many Requests'],
  [502, 'Bad Gateway'],
  [503, 'Service Unavailable'],
  [504, 'Gateway Timeout'],
] as const)
  test(`a receiver that answers HTTP ${code} gets the same records again until it takes them`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier: 'http' })];
    await received.tell('logs', `refuse ${code}`);
    await filledLog(it, 5);
    const shipper = it.shipTo({ url: received.url, protocol: 'http/protobuf' });
    shipper.start();
    await received.until(() => received.requests.length >= 2);
    assert.equal(shipper.status().next, 0, 'the position does not move before success');
    assert.equal(shipper.status().trouble, `HTTP ${code} ${title}: told to refuse`);
    await received.tell('logs', 'ok');
    assert.ok((await delivered(shipper, received)).delivered);
    assert.deepEqual(indices(received), upTo(6));
  });

test('Retry-After is waited for, and not asked again before', async (t) => {
  const [it, received] = [shippedLog(t), await receiverFor(t, { carrier: 'http' })];
  await received.tell('logs', 'once refuse 503 2');
  await filledLog(it, 5);
  const shipper = it.shipTo({ url: received.url, protocol: 'http/protobuf' });
  const startMs = performance.now();
  shipper.start();
  assert.ok((await delivered(shipper, received)).delivered);
  assert.ok(
    performance.now() - startMs >= 2_000,
    'the second request came after the time that was asked for',
  );
  assert.equal(received.requests.length, 2);
});

test('a redirect is not followed: what is sent, a token too, is for one host', async (t) => {
  const it = shippedLog(t);
  const [received, elsewhere] = [
    await receiverFor(t, { carrier: 'http' }),
    await receiverFor(t, { carrier: 'http' }),
  ];
  await received.tell('logs', `redirect ${elsewhere.url}/v1/logs`);
  await filledLog(it, 5);
  const shipper = it.shipTo({ url: received.url, protocol: 'http/protobuf' });
  shipper.start();
  await received.until(() => received.requests.length >= 2);
  assert.equal(shipper.status().trouble, 'HTTP 307 Temporary Redirect: elsewhere');
  assert.equal(shipper.status().next, 0);
  assert.deepEqual(elsewhere.requests, []);
});

test('each of several destinations has its own position, and one that hangs holds up none', async (t) => {
  const it = shippedLog(t);
  const [byGrpc, byHttp, hanging] = [
    await receiverFor(t),
    await receiverFor(t, { carrier: 'http' }),
    await receiverFor(t, { carrier: 'http' }),
  ];
  await hanging.tell('logs', 'hang');
  const seal = await it.openLog();
  const shippers = [
    it.shipTo(byGrpc.url),
    it.shipTo({ url: byHttp.url, protocol: 'http/json', compression: 'gzip' }),
    it.shipTo({ url: hanging.url, protocol: 'http/protobuf' }),
  ] as const;
  seal.onGrow((durable) => {
    for (const shipper of shippers) shipper.grown(durable);
  });
  for (const shipper of shippers) shipper.start();
  seal.append(events(1_500));
  await seal.close();
  const [first, second, third] = shippers;
  assert.ok((await delivered(first, byGrpc)).delivered);
  assert.ok((await delivered(second, byHttp)).delivered);
  assert.deepEqual(indices(byGrpc), upTo(1_501));
  assert.deepEqual(indices(byHttp), upTo(1_501));
  const uids = (received: typeof byGrpc) => received.logs.map((log) => log.attributes['log.record.uid']);
  assert.deepEqual(uids(byGrpc), uids(byHttp), 'a record has one uid, wherever it goes');
  assert.equal(third.status().next, 0);
  assert.equal(third.lag().records, 1_501);
  await hanging.tell('logs', 'ok');
  assert.ok((await delivered(third, hanging)).delivered);
  assert.deepEqual(indices(hanging), upTo(1_501));
});

test('an answer that does not say its encoding is read in that of the request', async (t) => {
  const it = shippedLog(t);
  await filledLog(it, 5);
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    request.resume().on('end', () => response.end('{"partialSuccess":{"rejectedLogRecords":"2"}}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const shipper = it.shipTo({ url: `http://127.0.0.1:${port}`, protocol: 'http/json' });
  shipper.start();
  assert.ok((await shipper.flush(PATIENCE_MS)).delivered, shipper.status().trouble);
  assert.equal(shipper.status().rejectedRecords, 2 * requests);
});
