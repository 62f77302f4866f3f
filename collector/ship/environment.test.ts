import assert from 'node:assert/strict';
import test from 'node:test';
import { parseEndpoint, signalPath } from './endpoint.ts';
import { destinationFromEnvironment } from './environment.ts';

test('the general variables of OpenTelemetry are honoured, those of the logs signal before them', () => {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://siem.example:4318',
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20abc, x-tenant=acme',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/etc/ca.pem',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_EXPORTER_OTLP_TIMEOUT: '2500',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_EXPORTER_OTLP_LOGS_PROTOCOL: 'http/json',
  };
  assert.deepEqual(destinationFromEnvironment('https://siem.example', environment), {
    url: 'https://siem.example',
    protocol: 'http/json',
    compression: 'gzip',
    timeoutMs: 2_500,
    tls: { ca: '/etc/ca.pem', certificate: undefined, key: undefined },
    headers: { authorization: { secret: 'Bearer abc' }, 'x-tenant': { secret: 'acme' } },
  });
});

test('variables that speak of another receiver are not used: its token is not for this one', () => {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://vendor.example',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=secret',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  };
  assert.deepEqual(destinationFromEnvironment('https://siem.example:4317', environment), {
    url: 'https://siem.example:4317',
  });
});

test('a word that OpenTelemetry does not know is refused with those it knows', () => {
  assert.throws(
    () => destinationFromEnvironment('http://127.0.0.1', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http' }),
    {
      name: 'SettingError',
      message: 'OTEL_EXPORTER_OTLP_PROTOCOL is "http"; set it to one of grpc, http/protobuf, http/json',
    },
  );
});

test('a header that is not well encoded is refused and not shown', () => {
  assert.throws(
    () => destinationFromEnvironment('http://127.0.0.1', { OTEL_EXPORTER_OTLP_HEADERS: 'a=hunter2%' }),
    { message: 'OTEL_EXPORTER_OTLP_HEADERS holds a "%" that begins no character; write it %25' },
  );
});

for (const [url, protocol, port, logs] of [
  ['http://siem', 'grpc', 4317, undefined],
  ['http://siem:4317', 'grpc', 4317, undefined],
  ['https://siem:443/', 'grpc', 443, undefined],
  ['http://siem:4318', 'http/protobuf', 4318, '/v1/logs'],
  ['http://siem:4318/v1/logs', 'http/protobuf', 4318, '/v1/logs'],
  ['https://siem/otlp', 'http/protobuf', 4318, '/otlp/v1/logs'],
  ['https://siem:443/a/v1/traces/', 'http/protobuf', 443, '/a/v1/logs'],
  ['http://[::1]:9999', 'grpc', 9999, undefined],
] as const)
  test(`${url} means ${protocol}, port ${port}`, () => {
    const endpoint = parseEndpoint(url);
    assert.deepEqual([endpoint.protocol, endpoint.port], [protocol, port]);
    if (logs !== undefined) assert.equal(signalPath(endpoint, 'logs'), logs);
  });
