/** What the receiver does, however bad, loses nothing: every record arrives in the end, and the command never notices. */

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { type Behaviour, type Receiver, startReceiver } from '../receivers/receiver.ts';
import { eventsIn, needsRoot, type PrintedEvent, receiverIn, spoor } from './spoor.ts';

interface Place {
  readonly state: string;
  readonly sent: string;
}

function placeIn(t: Scope): Place {
  const folder = emptyFolder(t);
  mkdirSync(join(folder, 'sent'));
  return { state: join(folder, 'state'), sent: join(folder, 'sent') };
}

/** Every event of the log arrived, none twice, and nothing arrived that is not of the log. */
function arrivedOnce(receiver: Receiver, events: readonly PrintedEvent[]): void {
  const arrived = receiver.logs
    .filter((log) => log.attributes['spoor.log.index'] !== undefined) // checkpoints are no records of the log
    .map((log) => log.attributes['log.record.uid']);
  assert.deepEqual([...arrived].sort(), events.map((event) => event.uid).sort());
}

test(
  'what a run could not deliver, for want of a receiver, goes with the next run, once',
  needsRoot,
  async (t) => {
    const { state, sent } = placeIn(t);
    const receiver = await startReceiver({ folder: sent });
    await receiver.stop(); // a port where nobody listens, and that is ours to listen on again
    const first = await spoor([
      'run',
      '--state',
      state,
      '--otlp',
      receiver.url,
      '--',
      'bash',
      '-c',
      'ls /; exit 6',
    ]);
    assert.equal(first.code, 6, first.stderr);
    assert.match(first.stderr, new RegExp(`${receiver.port}`)); // the report says who was not there
    const left = await eventsIn(state);
    assert.notEqual(left.length, 0);

    const again = await startReceiver({ folder: sent, port: receiver.port });
    atEnd(t, () => again.stop());
    const second = await spoor(['run', '--state', state, '--otlp', again.url, '--', 'true']);
    assert.equal(second.code, 0, second.stderr);
    await again.caughtUp();
    arrivedOnce(again, await eventsIn(state));
  },
);

for (const behaviour of ['refuse UNAVAILABLE', 'refuse UNAUTHENTICATED', 'nonsense', 'hang'] as Behaviour[])
  test(
    `a receiver told to "${behaviour}" changes nothing for the command, and gets everything when it is well again`,
    needsRoot,
    async (t) => {
      const { state, sent } = placeIn(t);
      const receiver = await receiverIn(t, sent);
      await receiver.tell('all', behaviour);
      const first = await spoor([
        'run',
        '--state',
        state,
        '--otlp',
        receiver.url,
        '--',
        'bash',
        '-c',
        'ls /; exit 6',
      ]);
      assert.equal(first.code, 6, first.stderr);

      await receiver.tell('all', 'ok');
      const second = await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'true']);
      assert.equal(second.code, 0, second.stderr);
      await receiver.caughtUp();
      const arrived = new Set(receiver.logs.map((log) => log.attributes['log.record.uid']));
      const events = await eventsIn(state);
      assert.deepEqual(
        events.filter((event) => !arrived.has(event.uid)),
        [],
      );
    },
  );

test(
  'records the receiver rejects are told of as rejected, not sent again, and stay in the log',
  needsRoot,
  async (t) => {
    const { state, sent } = placeIn(t);
    const receiver = await receiverIn(t, sent);
    await receiver.tell('logs', 'partial 3');
    const { code, stderr } = await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'ls', '/']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /reject/);
    await receiver.caughtUp();
    const requests = receiver.requests.filter((request) => request.service === 'logs');
    const sentRecords = requests.reduce((sum, request) => sum + request.records, 0);
    const rejected = requests.reduce((sum, request) => sum + Math.min(3, request.records), 0);
    assert.equal(receiver.logs.length, sentRecords - rejected);

    await receiver.tell('logs', 'ok');
    await spoor(['run', '--state', state, '--otlp', receiver.url, '--', 'true']);
    await receiver.caughtUp();
    const records = receiver.logs.filter((log) => log.attributes['spoor.log.index'] !== undefined);
    const uids = records.map((log) => log.attributes['log.record.uid']);
    assert.equal(new Set(uids).size, uids.length);
  },
);

test(
  'something that listens and speaks no gRPC is survived, and nothing is lost by it',
  needsRoot,
  async (t) => {
    const { state } = placeIn(t);
    const server = createServer((socket) => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    atEnd(t, () => server.close());
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    const outcome = await spoor([
      'run',
      '--state',
      state,
      '--otlp',
      `http://127.0.0.1:${address.port}`,
      '--',
      'false',
    ]);
    assert.equal(outcome.code, 1, outcome.stderr);
    assert.equal((await spoor(['verify', '--state', state])).code, 0);
    assert.equal((await eventsIn(state, '--event', 'session.end')).length, 1);
  },
);
