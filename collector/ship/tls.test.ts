/** TLS and what is secret in it; every certificate is openssl's, every receiver another stack's. */

import assert from 'node:assert/strict';
import { chmodSync, copyFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { type Authority, makeAuthority } from '../../test/receivers/certificates.ts';
import {
  delivered,
  events,
  filledLog,
  indices,
  receiverFor,
  shippedLog,
  upTo,
} from '../../test/receivers/shipped-log.ts';
import { hostId } from './resource.ts';
import type { LogShipper } from './shipper.ts';

const CARRIERS = [
  { carrier: 'grpc', protocol: 'grpc' },
  { carrier: 'http', protocol: 'http/protobuf' },
] as const;

function authority(t: TestContext, name = 'authority'): { folder: string; ca: Authority } {
  const folder = emptyFolder(t, 'ship-tls-');
  return { folder, ca: makeAuthority(folder, name) };
}

/** Waits until something went wrong, and says what. */
async function troubleOf(shipper: LogShipper): Promise<string> {
  while (shipper.status().trouble === '') await shipper.flush(100);
  return shipper.status().trouble;
}

for (const { carrier, protocol } of CARRIERS) {
  test(`${protocol}: a receiver with a certificate of the given authority gets everything`, async (t) => {
    const { ca } = authority(t);
    const received = await receiverFor(t, { carrier, tls: ca.issue('siem', { name: 'IP:127.0.0.1' }) });
    const it = shippedLog(t);
    await filledLog(it, 300);
    const shipper = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate } });
    shipper.start();
    assert.deepEqual(await delivered(shipper, received), { delivered: true, remaining: 0, cause: '' });
    assert.deepEqual(indices(received), upTo(301));
  });

  test(`${protocol}: a certificate that names another host is accepted by server_name, and by nothing else`, async (t) => {
    const { ca } = authority(t);
    const received = await receiverFor(t, { carrier, tls: ca.issue('siem', { name: 'DNS:siem.example' }) });
    const it = shippedLog(t);
    await filledLog(it, 10);
    const wrong = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate } });
    wrong.start();
    assert.match(
      await troubleOf(wrong),
      /does not match certificate's altnames|ERR_TLS_CERT_ALTNAME_INVALID/,
    );
    await wrong.stop();
    assert.deepEqual(received.logs, []);

    const tls = { ca: ca.certificate, serverName: 'siem.example' };
    const right = it.shipTo({ url: received.url, protocol, tls });
    right.start();
    assert.ok((await delivered(right, received)).delivered);
    assert.deepEqual(indices(received), upTo(11));
  });

  for (const { title, issued, trusted, says } of [
    {
      title: 'that has expired',
      issued: { expired: true },
      trusted: 'authority',
      says: /certificate has expired/,
    },
    {
      title: 'of an authority that is not trusted',
      issued: {},
      trusted: 'other',
      says: /unable to verify|self-signed certificate in certificate chain|unable to get local issuer/,
    },
  ] as const)
    test(`${protocol}: a certificate ${title} is refused, named, and gets no record`, async (t) => {
      const { ca, folder } = authority(t);
      const pair = ca.issue('siem', { name: 'IP:127.0.0.1', ...issued });
      const received = await receiverFor(t, { carrier, tls: pair });
      const other = makeAuthority(folder, 'other');
      const it = shippedLog(t);
      await filledLog(it, 10);
      const shipper = it.shipTo({
        url: received.url,
        protocol,
        tls: { ca: trusted === 'other' ? other.certificate : ca.certificate },
      });
      shipper.start();
      assert.match(await troubleOf(shipper), says);
      assert.equal(shipper.status().next, 0);
      assert.deepEqual(received.requests, []);
    });

  test(`${protocol}: the client certificate is tied to the host: the records of its host are taken, host.id equal in each`, async (t) => {
    const { ca } = authority(t);
    const pair = ca.issue('siem', { name: 'IP:127.0.0.1' });
    const received = await receiverFor(t, {
      carrier,
      tls: { ...pair, clientCa: ca.certificate, bindHost: true },
    });
    const own = ca.issue('own', { name: `URI:urn:spoor:host:${hostId()}` });
    const it = shippedLog(t);
    await filledLog(it, 300);
    const shipper = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate, ...own } });
    shipper.start();
    assert.ok((await delivered(shipper, received)).delivered, shipper.status().trouble);
    assert.deepEqual(indices(received), upTo(301));
    assert.deepEqual(new Set(received.logs.map(({ resource }) => resource['host.id'])), new Set([hostId()]));
  });

  test(`${protocol}: a certificate of another host is refused by the receiver, and not used where it says so itself`, async (t) => {
    const { ca } = authority(t);
    const pair = ca.issue('siem', { name: 'IP:127.0.0.1' });
    const received = await receiverFor(t, {
      carrier,
      tls: { ...pair, clientCa: ca.certificate, bindHost: true },
    });
    const it = shippedLog(t);
    await filledLog(it, 10);
    // A certificate that does not name its host in the form that Spoor knows: only the receiver can tell.
    const nameless = ca.issue('nameless', { name: 'DNS:laptop-7.example' });
    const first = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate, ...nameless } });
    first.start();
    assert.match(await troubleOf(first), /the certificate is of host nobody$/);
    await first.stop();
    await received.caughtUp();
    assert.deepEqual(received.logs, []);

    const others = ca.issue('others', { name: 'URI:urn:spoor:host:0123456789abcdef0123456789abcdef' });
    const requests = received.requests.length;
    const second = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate, ...others } });
    second.start();
    assert.match(
      await troubleOf(second),
      /others\.pem was issued to host 0123456789abcdef0123456789abcdef, and this is [0-9a-f]{32}; use this host's own/,
    );
    assert.equal(received.requests.length, requests);
  });

  test(`${protocol}: a client without a certificate gets no further than the handshake`, async (t) => {
    const { ca } = authority(t);
    const pair = ca.issue('siem', { name: 'IP:127.0.0.1' });
    const received = await receiverFor(t, { carrier, tls: { ...pair, clientCa: ca.certificate } });
    const it = shippedLog(t);
    await filledLog(it, 10);
    const shipper = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate } });
    shipper.start();
    assert.notEqual(await troubleOf(shipper), '');
    assert.equal(shipper.status().next, 0);
    assert.deepEqual(received.requests, []);
  });

  test(`${protocol}: a token rotated under load, in its file and then at the receiver, loses no record`, async (t) => {
    const received = await receiverFor(t, { carrier });
    const it = shippedLog(t);
    const token = join(emptyFolder(t, 'ship-token-'), 'token');
    writeFileSync(token, 'first\n', { mode: 0o600 });
    await received.tell('logs', 'token first');
    const seal = await it.openLog();
    const headers = { authorization: { file: token, prefix: 'Bearer ' } };
    const shipper = it.shipTo({ url: received.url, protocol, headers });
    seal.onGrow((durable) => shipper.grown(durable));
    shipper.start();
    let sealed = 1;
    const load = async (count: number): Promise<void> => {
      for (let i = 0; i < count; i++) {
        seal.append(events(200));
        sealed += 200;
        await shipper.flush(1);
      }
    };
    await load(5);
    writeFileSync(`${token}.next`, 'second\n', { mode: 0o600 });
    renameSync(`${token}.next`, token); // the new token is not valid yet
    await load(5);
    await received.until(() =>
      received.requests.some(({ answer }) => /^(UNAUTHENTICATED|401)$/.test(answer)),
    );
    await load(5);
    await received.tell('logs', 'token second');
    await load(5);
    await seal.close();
    assert.ok((await delivered(shipper, received)).delivered, shipper.status().trouble);
    assert.deepEqual(indices(received), upTo(sealed));
  });

  test(`${protocol}: a client certificate that is renewed on disk is used without a restart`, async (t) => {
    const { ca, folder } = authority(t);
    const pair = ca.issue('siem', { name: 'IP:127.0.0.1' });
    const received = await receiverFor(t, { carrier, tls: { ...pair, clientCa: ca.certificate } });
    const it = shippedLog(t);
    await filledLog(it, 10);
    const own = { certificate: join(folder, 'own.pem'), key: join(folder, 'own.key') };
    const expired = ca.issue('expired', { name: 'DNS:own', expired: true });
    copyFileSync(expired.certificate, own.certificate);
    copyFileSync(expired.key, own.key);
    const shipper = it.shipTo({ url: received.url, protocol, tls: { ca: ca.certificate, ...own } });
    shipper.start();
    assert.notEqual(await troubleOf(shipper), '');
    const renewed = ca.issue('renewed', { name: 'DNS:own' });
    renameSync(renewed.key, own.key);
    renameSync(renewed.certificate, own.certificate);
    assert.ok((await delivered(shipper, received)).delivered, shipper.status().trouble);
    assert.deepEqual(indices(received), upTo(11));
  });
}

test('a token file that everybody may read is not used, and named with its mend', async (t) => {
  const received = await receiverFor(t);
  const it = shippedLog(t);
  await filledLog(it, 1);
  const token = join(emptyFolder(t, 'ship-token-'), 'token');
  writeFileSync(token, 'secret');
  chmodSync(token, 0o644);
  const shipper = it.shipTo({ url: received.url, headers: { authorization: { file: token } } });
  shipper.start();
  assert.equal(await troubleOf(shipper), `${token} is open to everybody; run: chmod o= ${token}`);
  assert.deepEqual(received.requests, []);
  chmodSync(token, 0o600);
  assert.ok((await delivered(shipper, received)).delivered);
});

for (const [title, destination, message] of [
  [
    'a secret header in clear',
    { url: 'http://siem.example:4318', headers: { authorization: { file: '/etc/token' } } },
    'receiver http://siem.example:4318: headers.authorization: would cross the network in clear; write https:// for the endpoint',
  ],
  [
    'a header that belongs to the transport',
    { url: 'https://siem.example:4318', headers: { host: { value: 'a' } } },
    'receiver https://siem.example:4318: headers.host: "host" is set by the transport itself; take it out',
  ],
  [
    'a certificate without its key',
    { url: 'https://siem.example', tls: { certificate: '/etc/own.pem' } },
    'receiver https://siem.example: tls.certificate: needs its private key; add "key"',
  ],
  [
    'TLS settings for a receiver in clear',
    { url: 'http://siem.example', tls: { ca: '/etc/ca.pem' } },
    'receiver http://siem.example: tls: has no meaning for http://; write https:// or take it out',
  ],
] as const)
  test(`${title} is refused with the mend`, (t) => {
    assert.throws(() => shippedLog(t).shipTo(destination), { name: 'SettingError', message });
  });

test('a key in the query of a URL is refused and not repeated', (t) => {
  for (const url of ['https://siem.example/v1/logs?api_key=hunter2', 'siem.example?hunter2'])
    assert.throws(() => shippedLog(t).shipTo(url), {
      name: 'EndpointError',
      message:
        'receiver URL holds a query or fragment; take it out from ? or # on, and send a header from a file',
    });
});

test('a password in a URL is refused and not repeated', (t) => {
  assert.throws(() => shippedLog(t).shipTo('https://user:hunter2@siem.example'), {
    name: 'EndpointError',
    message: 'receiver URL holds a user or password; take it out, and send a header from a file',
  });
});
