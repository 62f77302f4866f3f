/** `spoor run --otlp` with what OpenTelemetry's variables say of the receiver. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { makeAuthority } from '../../test/receivers/certificates.ts';
import { receiverFor } from '../../test/receivers/shipped-log.ts';
import { eventsIn, NEEDS_ROOT, spoor } from '../../test/spoor.ts';
import { leaksIn } from '../../test/system/search.ts';

const needsRoot = { skip: NEEDS_ROOT };
const CANARY = 'canary-9c2e4b7f10aa';

test(
  'by HTTP, TLS, gzip and a token of the environment, log and trace arrive, and the token is nowhere',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const ca = makeAuthority(folder, 'authority');
    const pair = ca.issue('siem', { name: 'IP:127.0.0.1' });
    const received = await receiverFor(t, { carrier: 'http', tls: pair });
    await received.tell('all', `token ${CANARY}`);
    const state = join(folder, 'state');
    const env = {
      OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${CANARY}`,
      OTEL_EXPORTER_OTLP_CERTIFICATE: ca.certificate,
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    };
    const url = `${received.url}/v1/logs`;
    const ran = await spoor(['run', '--state', state, '--otlp', url, '--', 'true'], { env });
    assert.match(ran.stderr, new RegExp(`all delivered to ${url}`));
    await received.caughtUp();
    const shipped = new Set(received.logs.map(({ attributes }) => attributes['log.record.uid']));
    for (const { uid, index } of eventsIn(state))
      assert.ok(shipped.has(uid), `record ${index} is not with the receiver`);
    assert.ok(received.spans.length > 0);
    assert.deepEqual(new Set(received.requests.map(({ compression }) => compression)), new Set(['gzip']));

    await received.tell('all', 'token another');
    const refused = await spoor(['run', '--state', state, '--otlp', url, '--', 'true'], { env });
    assert.match(refused.stderr, /not delivered to .*HTTP 401 Unauthorized: \[masked\] is not valid/);
    assert.doesNotMatch(ran.stderr + ran.stdout + refused.stderr + refused.stdout, new RegExp(CANARY));
    assert.deepEqual(leaksIn(state, [CANARY]), []);
  },
);

test("the variables of the agent's own receiver are not sent to another", needsRoot, async (t) => {
  const received = await receiverFor(t);
  await received.tell('all', 'token agent');
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://vendor.example',
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20agent',
  };
  const state = join(emptyFolder(t), 'state');
  const ran = await spoor(['run', '--state', state, '--otlp', received.url, '--', 'true'], { env });
  assert.match(ran.stderr, /UNAUTHENTICATED: nothing is not valid/);
  assert.equal(received.logs.length + received.spans.length, 0);
});

test('a variable that OpenTelemetry does not know is told before COMMAND runs', needsRoot, async (t) => {
  const state = join(emptyFolder(t), 'state');
  const env = { OTEL_EXPORTER_OTLP_PROTOCOL: 'carrier-pigeon' };
  const ran = await spoor(['run', '--state', state, '--otlp', 'http://127.0.0.1:4317', '--', 'echo', 'ran'], {
    env,
  });
  assert.equal(ran.code, 2);
  assert.equal(ran.stdout, '');
  assert.match(ran.stderr, /OTEL_EXPORTER_OTLP_PROTOCOL is "carrier-pigeon"; set it to one of grpc, /);
});
