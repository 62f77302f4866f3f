import assert from 'node:assert/strict';
import test from 'node:test';
import * as semanticConventions from '@opentelemetry/semantic-conventions/incubating';
import { ATTRIBUTES, EVENTS, RESOURCE_ATTRIBUTES } from '../../schemas/generated/registry.ts';
import { delivered, filledLog, receiverFor, shippedLog } from '../../test/receivers/shipped-log.ts';

/** OpenTelemetry's own list, from its package. */
const OTEL = new Set<unknown>(
  Object.entries(semanticConventions).flatMap(([constant, name]) =>
    constant.startsWith('ATTR_') ? [name] : [],
  ),
);

/** Fields of the Elastic Common Schema 9.3 that OpenTelemetry has no name for. */
const ECS = new Set([
  'destination.bytes',
  'dns.question.type',
  'dns.response_code',
  'event.duration',
  'event.kind',
  'event.outcome',
  'file.hash.sha256',
  'process.entity_id',
  'process.group.id',
  'process.hash.sha256',
  'process.parent.entity_id',
  'process.parent.executable',
  'source.bytes',
]);

function isKnown(name: string): boolean {
  return OTEL.has(name) || ECS.has(name) || name.startsWith('spoor.');
}

test("every attribute that can be sealed has a name of OpenTelemetry's, of ECS or of our own", () => {
  assert.ok(OTEL.size > 500, 'the list of OpenTelemetry was found');
  const names = [...Object.keys(ATTRIBUTES), ...RESOURCE_ATTRIBUTES];
  assert.deepEqual(
    names.filter((name) => !isKnown(name)),
    [],
  );
});

for (const { carrier, protocol } of [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
  { carrier: 'http', protocol: 'http/json' },
] as const)
  test(`${protocol} with gzip: every record that arrives has an event name of the registry and known attributes only`, async (t) => {
    const [it, received] = [shippedLog(t), await receiverFor(t, { carrier })];
    await filledLog(it, 50);
    const shipper = it.shipTo({ url: received.url, protocol, compression: 'gzip' });
    shipper.start();
    assert.ok((await delivered(shipper, received)).delivered);
    assert.ok(received.logs.length > 50);
    for (const { event_name, attributes, resource } of received.logs) {
      assert.ok(Object.hasOwn(EVENTS, event_name), `event name "${event_name}"`);
      for (const name of [...Object.keys(attributes), ...Object.keys(resource)])
        assert.ok(isKnown(name), name);
    }
  });
