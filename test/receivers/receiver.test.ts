/** The receiver is what other tests trust, so it is held against a sender that is not Spoor's either. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { atEnd } from '../at-end.ts';
import { type Receiver, startReceiver } from './receiver.ts';

const LOGS_EXPORT = '/opentelemetry.proto.collector.logs.v1.LogsService/Export';

async function receiverFor(t: TestContext): Promise<Receiver> {
  const folder = mkdtempSync(join(tmpdir(), 'spoor-receiver-'));
  const receiver = await startReceiver({ folder });
  atEnd(t, async () => {
    await receiver.stop();
    rmSync(folder, { recursive: true });
  });
  return receiver;
}

function lengthDelimited(field: number, content: Buffer): Buffer {
  assert.ok(content.length < 128); // one length byte is enough for what is written by hand here
  return Buffer.concat([Buffer.from([(field << 3) | 2, content.length]), content]);
}

/**
 * An ExportLogsServiceRequest laid out byte by byte from the published field numbers, so that a wrong number in
 * schemas/otlp.proto, from which the receiver's own stubs come, cannot agree with itself.
 */
function requestByHand(eventNames: readonly string[]): Buffer {
  const attribute = Buffer.concat([
    lengthDelimited(1, Buffer.from('process.pid')),
    lengthDelimited(2, Buffer.from([(3 << 3) | 0, 0x81, 0x20])), // int_value 4097, a varint
  ]);
  const records = eventNames.map((name) =>
    lengthDelimited(
      2,
      Buffer.concat([
        Buffer.from([(1 << 3) | 1, 0x15, 0xcd, 0x5b, 0x07, 0, 0, 0, 0]), // time_unix_nano 123456789, fixed64
        Buffer.from([(2 << 3) | 0, 9]), // severity_number INFO
        lengthDelimited(6, attribute),
        lengthDelimited(9, Buffer.alloc(16, 0xab)),
        lengthDelimited(10, Buffer.alloc(8, 0xcd)),
        lengthDelimited(12, Buffer.from(name)),
      ]),
    ),
  );
  const scope = lengthDelimited(1, lengthDelimited(1, Buffer.from('by hand')));
  const scopeLogs = Buffer.concat([scope, ...records]);
  // Two length bytes: with several records the message passes 127 bytes.
  const long = (field: number, content: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from([(field << 3) | 2, (content.length & 0x7f) | 0x80, content.length >> 7]),
      content,
    ]);
  return long(1, long(2, scopeLogs));
}

interface Answer {
  readonly code: number;
  readonly bytes: Buffer | undefined;
  readonly pushbackMs: string | undefined;
}

/** @param givenUp when this is so, the caller waits no longer */
function exportRaw(receiver: Receiver, request: Buffer, givenUp?: Promise<void>): Promise<Answer> {
  const client = new Client(`127.0.0.1:${receiver.port}`, credentials.createInsecure());
  const identity = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const done = (failure: ServiceError | null, bytes?: Buffer): void => {
      client.close();
      resolve({
        code: failure ? failure.code : status.OK,
        bytes,
        pushbackMs: failure?.metadata?.get('grpc-retry-pushback-ms')[0]?.toString(),
      });
    };
    const call = client.makeUnaryRequest(LOGS_EXPORT, identity, identity, request, new Metadata(), done);
    void givenUp?.then(() => call.cancel());
  });
}

/** Resolves when a request is with the receiver, answered or not. */
async function arrived({ rawFile }: Receiver): Promise<void> {
  while (statSync(rawFile).size === 0) await new Promise((resolve) => setImmediate(resolve));
}

test('a logs request written byte by byte from the published field numbers is read field by field', async (t) => {
  const receiver = await receiverFor(t);
  const request = requestByHand(['process.exec']);
  const answer = await exportRaw(receiver, request);
  await receiver.until(() => receiver.requests.length === 1);

  assert.equal(answer.code, status.OK);
  assert.equal(answer.bytes?.length, 0); // no partial_success: an empty message
  assert.deepEqual(receiver.logs, [
    {
      kind: 'log',
      event_name: 'process.exec',
      time_unix_nano: '123456789',
      observed_time_unix_nano: '0',
      severity_number: 9,
      severity_text: '',
      trace_id: 'ab'.repeat(16),
      span_id: 'cd'.repeat(8),
      flags: 0,
      body: null,
      attributes: { 'process.pid': 4097 },
      dropped_attributes_count: 0,
      resource: {},
      scope: { name: 'by hand', version: '', attributes: {}, schema_url: '' },
    },
  ]);
  assert.deepEqual(readFileSync(receiver.rawFile), request);
  const exported = JSON.parse(readFileSync(receiver.exportFile, 'utf8'));
  const record = exported.resourceLogs[0].scopeLogs[0].logRecords[0];
  assert.equal(record.traceId, 'ab'.repeat(16));
  assert.deepEqual(record.attributes, [{ key: 'process.pid', value: { intValue: '4097' } }]);
});

test('a span of the OpenTelemetry exporter arrives with its ids, times and attributes', async (t) => {
  const receiver = await receiverFor(t);
  const exporter = new OTLPTraceExporter({ url: receiver.url });
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'sender' }),
    spanProcessors: [new SimpleSpanProcessor(exporter)],
  });
  const span = provider.getTracer('scope', '1.2').startSpan('make', { startTime: [7, 8] });
  span.setAttribute('process.pid', 4097);
  span.end([9, 10]);
  await receiver.until(() => receiver.spans.length === 1);
  await provider.shutdown();

  const [seen] = receiver.spans;
  assert.equal(seen?.name, 'make');
  assert.equal(seen?.trace_id, span.spanContext().traceId);
  assert.equal(seen?.span_id, span.spanContext().spanId);
  assert.equal(seen?.start_time_unix_nano, '7000000008');
  assert.equal(seen?.end_time_unix_nano, '9000000010');
  assert.equal(seen?.attributes['process.pid'], 4097);
  assert.equal(seen?.resource['service.name'], 'sender');
  assert.equal(seen?.scope.version, '1.2');
});

test('a refused request leaves no record, and the caller gets the status and the time to wait', async (t) => {
  const receiver = await receiverFor(t);
  await receiver.tell('logs', 'refuse UNAVAILABLE 250');
  const answer = await exportRaw(receiver, requestByHand(['process.exec']));
  assert.equal(answer.code, status.UNAVAILABLE);
  assert.equal(answer.pushbackMs, '250');
  await receiver.until(() => receiver.requests.length === 1);
  assert.equal(receiver.requests[0]?.answer, 'UNAVAILABLE');
  assert.deepEqual(receiver.logs, []);
});

test('partial success takes all but the last records and says how many it rejected', async (t) => {
  const receiver = await receiverFor(t);
  await receiver.tell('logs', 'partial 2');
  const answer = await exportRaw(receiver, requestByHand(['a', 'b', 'c']));
  await receiver.until(() => receiver.requests.length === 1);
  assert.deepEqual(
    receiver.logs.map((log) => log.event_name),
    ['a'],
  );
  // ExportLogsServiceResponse.partial_success (1) { rejected_log_records (1) = 2, error_message (2) }
  assert.deepEqual(answer.bytes?.subarray(2, 4), Buffer.from([0x08, 2]));
});

test('nonsense is answered as bytes that no protobuf reader takes', async (t) => {
  const receiver = await receiverFor(t);
  await receiver.tell('logs', 'nonsense');
  const answer = await exportRaw(receiver, requestByHand(['process.exec']));
  assert.equal(answer.code, status.OK);
  assert.equal(answer.bytes?.[0], 0xff);
});

test('what a receiver is told to do once it does once', async (t) => {
  const receiver = await receiverFor(t);
  await receiver.tell('logs', 'once refuse UNAVAILABLE');
  const codes = [];
  for (const name of ['a', 'b', 'c']) codes.push((await exportRaw(receiver, requestByHand([name]))).code);
  assert.deepEqual(codes, [status.UNAVAILABLE, status.OK, status.OK]);
  await receiver.until(() => receiver.logs.length === 2);
});

test('a hanging receiver answers once it is told to, and not before', async (t) => {
  const receiver = await receiverFor(t);
  await receiver.tell('logs', 'hang');
  const given = await exportRaw(receiver, requestByHand(['process.exec']), arrived(receiver));
  assert.equal(given.code, status.CANCELLED);
  await receiver.until(() => receiver.requests.length === 1);
  assert.equal(receiver.requests[0]?.answer, 'HUNG');

  const pending = exportRaw(receiver, requestByHand(['process.exit']));
  await receiver.tell('logs', 'ok');
  assert.equal((await pending).code, status.OK);
  await receiver.until(() => receiver.logs.length === 1);
  assert.equal(receiver.logs[0]?.event_name, 'process.exit');
});
