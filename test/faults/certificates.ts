/** TLS that is wrong, and then mended: not a record goes to whom it should not, and none is lost. */

import assert from 'node:assert/strict';
import { hostId } from '../../collector/ship/resource.ts';
import type { TlsFiles } from '../../collector/ship/tls.ts';
import { emptyFolder, type Scope } from '../at-end.ts';
import { type Authority, makeAuthority } from '../receivers/certificates.ts';
import type { ReceiverTls } from '../receivers/receiver.ts';
import { delivered, filledLog, receiverFor, shippedLog } from '../receivers/shipped-log.ts';
import type { Fault } from './fault.ts';
import { inScope } from './scope.ts';

const PATIENCE_MS = 120_000;
const RECORDS = 300;
const HERE = 'IP:127.0.0.1';

const CARRIERS = [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
] as const;

/** Both sides of one connection. */
interface Sides {
  readonly receiver: ReceiverTls;
  readonly sender: TlsFiles;
}

interface Row {
  readonly name: string;
  readonly wrong: (ca: Authority, other: Authority) => Sides;
  readonly mended: (ca: Authority) => Sides;
}

function plain(ca: Authority): Sides {
  return { receiver: ca.issue('right', { name: HERE }), sender: { ca: ca.certificate } };
}

/** A receiver that takes records only from the host that the client's certificate names. */
function bound(ca: Authority, client: string): Sides {
  return {
    receiver: { ...ca.issue('siem', { name: HERE }), clientCa: ca.certificate, bindHost: true },
    sender: { ca: ca.certificate, ...ca.issue('client', { name: client }) },
  };
}

const ROWS: readonly Row[] = [
  {
    name: "the receiver's certificate has expired",
    wrong: (ca) => ({
      receiver: ca.issue('expired', { name: HERE, expired: true }),
      sender: { ca: ca.certificate },
    }),
    mended: plain,
  },
  {
    name: "the receiver's certificate is another host's",
    wrong: (ca) => ({
      receiver: ca.issue('other', { name: 'DNS:other.example' }),
      sender: { ca: ca.certificate },
    }),
    mended: plain,
  },
  {
    name: "the receiver's certificate is of an unknown authority",
    wrong: (ca, other) => ({
      receiver: other.issue('stranger', { name: HERE }),
      sender: { ca: ca.certificate },
    }),
    mended: plain,
  },
  {
    name: 'the client has no certificate, and the receiver wants one',
    wrong: (ca) => ({ ...bound(ca, HERE), sender: { ca: ca.certificate } }),
    mended: (ca) => bound(ca, `URI:urn:spoor:host:${hostId()}`),
  },
  {
    name: "the client's certificate is another host's",
    wrong: (ca) => bound(ca, 'DNS:laptop-7.example'),
    mended: (ca) => bound(ca, `URI:urn:spoor:host:${hostId()}`),
  },
  {
    name: "the client's certificate says itself that it is another host's",
    wrong: (ca) => bound(ca, 'URI:urn:spoor:host:0123456789abcdef0123456789abcdef'),
    mended: (ca) => bound(ca, `URI:urn:spoor:host:${hostId()}`),
  },
];

async function tried(t: Scope, row: Row, { carrier, protocol }: (typeof CARRIERS)[number]): Promise<string> {
  const folder = emptyFolder(t, 'fault-tls-');
  const [ca, other] = [makeAuthority(folder, 'authority'), makeAuthority(folder, 'stranger-authority')];
  const it = shippedLog(t);
  await filledLog(it, RECORDS);
  const wrong = row.wrong(ca, other);
  const first = await receiverFor(t, { carrier, tls: wrong.receiver });
  const before = it.shipTo({ url: first.url, protocol, tls: wrong.sender });
  before.start();
  while (before.status().trouble === '') await before.flush(50);
  const { trouble, next } = before.status();
  assert.equal(next, 0, 'nothing counts as delivered');
  assert.deepEqual(first.logs, [], 'nothing was taken');
  await before.stop();
  await first.stop();

  const mended = row.mended(ca);
  const second = await receiverFor(t, { carrier, port: first.port, tls: mended.receiver });
  const after = it.shipTo({ url: second.url, protocol, tls: mended.sender });
  after.start();
  assert.ok((await delivered(after, second, PATIENCE_MS)).delivered, after.status().trouble);
  const indices = second.logs.flatMap((log) => log.attributes['spoor.log.index'] ?? []);
  assert.deepEqual(
    indices,
    Array.from({ length: RECORDS + 1 }, (_, i) => i),
  );
  assert.deepEqual(new Set(second.logs.map(({ resource }) => resource['host.id'])), new Set([hostId()]));
  return trouble
    .replaceAll(`${folder}/`, '')
    .replaceAll(/[0-9a-f]{32}/g, 'ID')
    .slice(0, 160);
}

export const certificateFaults: readonly Fault[] = CARRIERS.flatMap((by) =>
  ROWS.map((row) => ({
    name: `${row.name} (${by.protocol})`,
    run: () =>
      inScope(async (t) => ({
        happened: `no record sent; told: ${await tried(t, row, by)}`,
        lost: 0,
      })),
  })),
);
