import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { BadInput } from '../recognise/bad-input.ts';
import { configurationIn } from './configuration.ts';
import { shipFileFaults } from './ship.ts';

function problemsOf(text: string): readonly string[] {
  try {
    configurationIn('spoor.yml', text);
  } catch (error) {
    assert.ok(error instanceof BadInput);
    return error.problems;
  }
  return [];
}

test('a receiver is read with everything that can be said of it', () => {
  const { ship } = configurationIn(
    'spoor.yml',
    `ship:
  - endpoint: https://siem.example:4317
    compression: gzip
    timeout: 3 s
    tls: { ca: /etc/ca.pem, certificate: /etc/own.pem, key: /etc/own.key, server_name: siem }
    headers:
      authorization: { file: /etc/token, prefix: "Bearer " }
      x-tenant: { value: acme }
  - endpoint: http://127.0.0.1:4318
    protocol: http/json
`,
  );
  assert.deepEqual(ship, [
    {
      url: 'https://siem.example:4317',
      protocol: undefined,
      compression: 'gzip',
      timeoutMs: 3_000,
      tls: { ca: '/etc/ca.pem', certificate: '/etc/own.pem', key: '/etc/own.key', serverName: 'siem' },
      headers: { authorization: { file: '/etc/token', prefix: 'Bearer ' }, 'x-tenant': { value: 'acme' } },
    },
    {
      url: 'http://127.0.0.1:4318',
      protocol: 'http/json',
      compression: 'none',
      timeoutMs: 10_000,
      tls: undefined,
      headers: {},
    },
  ]);
});

const WRONG: readonly (readonly [title: string, text: string, problem: string])[] = [
  [
    'a protocol that is none',
    'ship:\n  - endpoint: http://a\n    protocol: http\n',
    'spoor.yml:3:15: ship.0.protocol: "http" is not known; write one of grpc, http/protobuf, http/json',
  ],
  [
    'a timeout without a unit',
    'ship:\n  - endpoint: http://a\n    timeout: 10\n',
    'spoor.yml:3:14: ship.0.timeout: 10 is not a string; write a word',
  ],
  [
    'a header without a source',
    'ship:\n  - endpoint: https://a\n    headers:\n      authorization: { prefix: Bearer }\n',
    'spoor.yml:4:7: ship.0.headers.authorization: needs one source; write one of file, environment, value',
  ],
  [
    'a header with two sources',
    'ship:\n  - endpoint: https://a\n    headers:\n      authorization: { file: /a, value: b }\n',
    'spoor.yml:4:7: ship.0.headers.authorization: needs one source; write one of file, environment, value',
  ],
  [
    'a header name in capitals',
    'ship:\n  - endpoint: https://a\n    headers:\n      Authorization: { file: /a }\n',
    'spoor.yml:4:7: ship.0.headers.Authorization: "Authorization" is no header name; write lower-case letters, digits and "-"',
  ],
  [
    'a token in clear',
    'ship:\n  - endpoint: http://siem.example\n    headers:\n      authorization: { file: /a }\n',
    'spoor.yml:4:7: ship.0.headers.authorization: would cross the network in clear; write https:// for the endpoint',
  ],
  [
    'a certificate without its key',
    'ship:\n  - endpoint: https://a\n    tls:\n      certificate: /a\n',
    'spoor.yml:4:7: ship.0.tls.certificate: needs its private key; add "key"',
  ],
  [
    'a path behind a gRPC endpoint',
    'ship:\n  - endpoint: http://a/b\n    protocol: grpc\n',
    'spoor.yml:2:15: ship.0.endpoint: receiver "http://a/b" has a path, and gRPC knows none; take "/b" out, or use http/protobuf',
  ],
];

for (const [title, text, problem] of WRONG)
  test(`${title} is told with its place and its mend`, () => {
    assert.deepEqual(problemsOf(text), [problem]);
  });

test('a token file that is not there is told by the check, and does not keep the service from starting', (t) => {
  const folder = emptyFolder(t, 'ship-configuration-');
  writeFileSync(join(folder, 'no.pem'), 'no certificate');
  const { ship } = configurationIn(
    'spoor.yml',
    `ship:
  - endpoint: https://siem
    headers: { authorization: { file: ${folder}/token }, x: { environment: NOT_SET_HERE } }
    tls: { ca: ${folder}/no.pem }
`,
  );
  assert.deepEqual(shipFileFaults(ship), [
    `receiver https://siem: ${folder}/token cannot be read (ENOENT); check the path, its owner and its mode`,
    `receiver https://siem: ${folder}/no.pem holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)`,
  ]);
});
