import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { makeAuthority } from '../../test/receivers/certificates.ts';
import { PATIENCE_MS, receiverFor } from '../../test/receivers/shipped-log.ts';
import { destinationFrom } from '../ship/destination.ts';
import { describeResource } from '../ship/resource.ts';
import { createTraceExporter } from './exporter.ts';
import type { ProcessSpan } from './trace-of.ts';

const SPAN: ProcessSpan = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  parentSpanId: undefined,
  name: 'make',
  startNs: 7_000_000_008n,
  endNs: 9_000_000_010n,
  attributes: { 'process.pid': 4097 },
  notes: [],
  failure: undefined,
};
const RESOURCE = describeResource({ version: '1.2.3', keyId: 'cafe0123' });

for (const { carrier, protocol } of [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
  { carrier: 'http', protocol: 'http/json' },
] as const)
  test(`${protocol}: a span goes by the destination's TLS, name, headers and gzip, and by no other's headers`, async (t) => {
    const folder = emptyFolder(t, 'span-sender-');
    const ca = makeAuthority(folder, 'authority');
    const received = await receiverFor(t, { carrier, tls: ca.issue('siem', { name: 'DNS:siem.example' }) });
    const token = join(folder, 'token');
    writeFileSync(token, 'first', { mode: 0o600 });
    await received.tell('traces', 'token second');
    // The agent's own receiver's, in the environment that Spoor shares with it.
    process.env.OTEL_EXPORTER_OTLP_HEADERS = 'authorization=Bearer%20second';
    t.after(() => delete process.env.OTEL_EXPORTER_OTLP_HEADERS);
    const destination = destinationFrom({
      url: received.url,
      protocol,
      compression: 'gzip',
      tls: { ca: ca.certificate, serverName: 'siem.example' },
      headers: { authorization: { file: token, prefix: 'Bearer ' } },
    });
    const exporter = createTraceExporter(destination, RESOURCE, '1.2.3');
    t.after(() => exporter.stop());
    exporter.add([SPAN]);
    await received.until(() => received.requests.length > 0);
    assert.ok(received.spans.length < 1, 'the token of the file was sent, and not that of the environment');

    writeFileSync(token, 'second');
    assert.ok(await exporter.flush(PATIENCE_MS), exporter.trouble());
    await received.caughtUp();
    const [span] = received.spans;
    assert.equal(span?.trace_id, SPAN.traceId);
    assert.equal(span?.span_id, SPAN.spanId);
    assert.equal(span?.start_time_unix_nano, '7000000008');
    assert.equal(span?.attributes['process.pid'], 4097);
    assert.equal(span?.resource['spoor.key.id'], 'cafe0123');
    assert.equal(process.env.OTEL_EXPORTER_OTLP_HEADERS, 'authorization=Bearer%20second');
  });

test('a receiver of HTTP that has no place for traces is sent none again', async (t) => {
  const received = await receiverFor(t, { carrier: 'http' });
  await received.tell('traces', 'refuse 404');
  const exporter = createTraceExporter(
    destinationFrom({ url: received.url, protocol: 'http/protobuf' }),
    RESOURCE,
    '1.2.3',
  );
  t.after(() => exporter.stop());
  exporter.add([SPAN]);
  assert.ok(await exporter.flush(PATIENCE_MS));
  await received.caughtUp();
  assert.equal(exporter.trouble(), 'the receiver takes no traces');
  assert.equal(received.requests.length, 1);
});

test('what the exporter throws is told as trouble and ends nothing', async (t) => {
  const destination = destinationFrom({ url: 'http://127.0.0.1:1', protocol: 'grpc' });
  // A URL that endpoint.ts refuses, and that OpenTelemetry's exporter throws at while it is made.
  const exporter = createTraceExporter({ ...destination, url: 'http://h%25' }, RESOURCE, '1.2.3');
  t.after(() => exporter.stop());
  exporter.add([SPAN]);
  while (exporter.trouble() === '') await new Promise((resolve) => setImmediate(resolve));
  assert.equal(exporter.trouble(), 'Invalid URL');
});
