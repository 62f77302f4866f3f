import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { atEnd, emptyFolder } from '../../test/at-end.ts';
import { askService } from './ask.ts';
import { type Answer, serveControl } from './control.ts';
import { Refused } from './entrance.ts';

interface Served {
  readonly path: string;
  /** So many requests were answered. */
  asked(): number;
  watched: string | undefined;
  connect(): Promise<Socket>;
}

async function served(t: TestContext, answer: (asked: Answer) => Answer = (asked) => asked): Promise<Served> {
  const path = join(emptyFolder(t, 'control-'), 'control.sock');
  let count = 0;
  const served: Served = {
    path,
    asked: () => count,
    watched: undefined,
    async connect() {
      const socket = createConnection({ path, allowHalfOpen: true });
      atEnd(t, () => socket.destroy());
      socket.on('error', () => {});
      await once(socket, 'connect');
      return socket;
    },
  };
  const listening = await serveControl(path, {
    watchedIn: () => Promise.resolve(served.watched),
    begin: () => ({
      ask(asked) {
        count++;
        return Promise.resolve(answer(asked));
      },
      left: () => Promise.resolve(),
    }),
    failed: (error) => assert.fail(String(error)),
  });
  atEnd(t, () => listening.close());
  return served;
}

async function lineFrom(socket: Socket): Promise<string> {
  let text = '';
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  return text.trim();
}

test('who is refused holds no place, though he never closes his end: the next is heard', async (t) => {
  const service = await served(t);
  service.watched = 'of-the-agent';
  for (let held = 0; held < 64; held++) await service.connect();
  const refused = await service.connect();
  assert.match(await lineFrom(refused), /a process of session of-the-agent gets no answer/);
  service.watched = undefined;
  const next = await service.connect();
  next.write('{"word":1}\n');
  assert.equal(await lineFrom(next), '{"word":1}');
});

test('connections past what a user may have are closed by the service, however many he opens and keeps', async (t) => {
  const service = await served(t);
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  const kept: Socket[] = [];
  for (let opened = 0; opened < 200; opened++) kept.push(await service.connect());
  // Ours, and those 64 of the service that have a place.
  while (descriptors() > before + 200 + 64) await turn();
  const refused = kept.at(-1) as Socket;
  assert.match(await lineFrom(refused), /too many of your questions are open/);
});

test('what is not read is not answered further: a flood of questions waits for its reader', async (t) => {
  const service = await served(t);
  const floods = await service.connect();
  floods.write('{}\n'.repeat(1_000_000));
  const other = await service.connect();
  for (let round = 0; round < 200; round++) {
    other.write('{}\n');
    await lineFrom(other);
  }
  assert.ok(service.asked() < 250_000, `${service.asked()} were answered`);
  let answered = 0;
  for await (const chunk of floods.iterator({ destroyOnReturn: false })) {
    answered += chunk.length / '{}\n'.length;
    if (answered === 1_000_000) break;
  }
});

test('a refusal ends the connection: of a hundred wrong questions one is answered', async (t) => {
  let asked = 0;
  const service = await served(t, () => {
    asked++;
    throw new Refused('not this');
  });
  for (const wrong of ['{"ask":"x"}\n', 'no json\n', '7\n']) {
    const socket = await service.connect();
    socket.write(wrong.repeat(100));
    let told = '';
    for await (const chunk of socket) told += chunk;
    assert.equal(told.trim().split('\n').length, 1, told);
    assert.match(told, /^\{"refused":/);
  }
  assert.equal(asked, 1);
});

test('a request without an end is refused at its 256 KiB', async (t) => {
  const service = await served(t);
  const socket = await service.connect();
  socket.write('x'.repeat(1024 * 1024));
  assert.equal(await lineFrom(socket), '{"refused":"a request has at most 262144 bytes"}');
});

test('a character that lies across two chunks arrives whole, in both directions', async (t) => {
  const service = await served(t);
  const asking = await askService(service.path);
  const text = `-${'é'.repeat(100_000)}`;
  assert.deepEqual(await asking?.ask({ text }), { text });
  asking?.close();
});
