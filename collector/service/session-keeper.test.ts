import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Session } from '../session/session.ts';
import { createSessionKeeper } from './session-keeper.ts';

function session(tag: number): Session {
  return { tag, id: `session-${tag}` } as Session;
}

test('while the sums of a resumed session are read it is not ended, others are; then it is', async () => {
  const live = new Map([1, 2].map((tag) => [tag, session(tag)]));
  let summed = () => {};
  const ended: string[] = [];
  let tell = () => {};
  const keeper = createSessionKeeper({
    sensor: { judge: () => {}, running: () => [] },
    pipeline: {
      flush: () => Promise.resolve(),
      sessions: () => [...live.values()],
      sessionOf: (tag) => live.get(tag),
      endSession(tag) {
        live.delete(tag);
        return undefined;
      },
    },
    ended({ id }) {
      ended.push(id);
      tell();
    },
  });
  keeper.resumed(
    ['session-1'],
    new Promise((resolve) => {
      summed = resolve;
    }),
  );
  await keeper.look();
  assert.deepEqual(ended, ['session-2']);
  const next = new Promise<void>((resolve) => {
    tell = resolve;
  });
  summed();
  await next;
  assert.deepEqual(ended, ['session-2', 'session-1']);
  keeper.close();
});
