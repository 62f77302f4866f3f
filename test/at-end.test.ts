import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atEnd } from './at-end.ts';

function scopeThatEnds() {
  const hooks: (() => unknown)[] = [];
  return {
    after: (end: () => unknown) => hooks.push(end),
    async end(): Promise<void> {
      for (const hook of hooks) await hook();
    },
  };
}

test('what was begun last ends first, and what takes time is waited for', async () => {
  const scope = scopeThatEnds();
  const order: string[] = [];
  atEnd(scope, () => order.push('folder'));
  atEnd(scope, async () => {
    await new Promise(setImmediate);
    order.push('who writes into it');
  });
  await scope.end();
  assert.deepEqual(order, ['who writes into it', 'folder']);
});

test('what cannot be ended is told, and leaves nothing else behind', async () => {
  const scope = scopeThatEnds();
  const order: string[] = [];
  atEnd(scope, () => order.push('first'));
  atEnd(scope, () => {
    throw new Error('cannot be ended');
  });
  atEnd(scope, () => order.push('last'));
  await assert.rejects(scope.end(), /cannot be ended/);
  assert.deepEqual(order, ['last', 'first']);
});
