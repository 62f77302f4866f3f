/** A download over QUIC by a real client, held against a capture by tshark. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder } from '../at-end.ts';
import { captureLoopback } from './capture.ts';
import { eventsIn, needsRoot, spoor } from './spoor.ts';

const DOWNLOAD_BYTES = 300_000;

/** A port of 127.0.0.1 that nobody has. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

/** Of the datagrams that tshark finds, without their headers. */
function bytesIn(captured: string, filter: string): number {
  const lengths = execFileSync('tshark', ['-r', captured, '-Y', filter, '-T', 'fields', '-e', 'udp.length'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const datagrams = lengths.split('\n').filter((line) => line !== '');
  return datagrams.reduce((sum, length) => sum + Number(length) - 8, 0); // the header of UDP
}

test(
  'a download over QUIC is one connection and its end, with the bytes that tshark finds in its datagrams',
  needsRoot,
  async (t) => {
    const folder = emptyFolder(t);
    const served = join(folder, 'served');
    mkdirSync(served);
    writeFileSync(join(served, 'large'), Buffer.alloc(DOWNLOAD_BYTES));
    const [key, certificate] = [join(folder, 'key'), join(folder, 'certificate')];
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'],
        ...['-subj', '/CN=quic.test', '-keyout', key, '-out', certificate],
      ],
      { stdio: 'ignore' },
    );
    const port = await freePort();
    const server = spawn('gtlsserver', ['-q', '-d', served, '127.0.0.1', String(port), key, certificate], {
      stdio: 'ignore',
    });
    atEnd(t, () => server.kill('SIGKILL'));
    const captured = join(folder, 'quic.pcapng');
    const capture = await captureLoopback(captured, `udp port ${port} or icmp`);
    const state = join(folder, 'state');
    // The client asks again until it is answered, so that the server need not be waited for.
    const client = ['gtlsclient', '-q', '--exit-on-all-streams-close', '127.0.0.1', String(port)];
    const command = [...client, 'https://quic.test/large'];
    const { code, stderr } = await spoor(['run', '--state', state, '--', ...command]);
    assert.equal(code, 0, stderr);
    await capture.end();

    // What a server sends once its client has ended is answered by ICMP, which quotes it.
    const late = bytesIn(captured, `icmp and udp.srcport == ${port}`);
    const truth = {
      sent: bytesIn(captured, `udp.dstport == ${port} and not icmp`),
      received: bytesIn(captured, `udp.srcport == ${port} and not icmp`) - late,
    };
    assert.ok(truth.received > DOWNLOAD_BYTES, `${truth.received} bytes came`);

    const events = await eventsIn(state);
    const ofPort = (name: string) =>
      events
        .filter((event) => event.event_name === name && event.attributes['network.peer.port'] === port)
        .map(({ attributes }) => attributes);
    const { ino } = statSync('/proc/self/ns/net');
    assert.deepEqual(
      ofPort('network.connect').map((told) => [told['network.transport'], told['spoor.network.namespace']]),
      [['udp', ino]],
    );
    assert.deepEqual(
      ofPort('network.close').map((told) => ({
        sent: told['source.bytes'],
        received: told['destination.bytes'],
      })),
      [truth],
    );
  },
);
