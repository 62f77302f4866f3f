import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createInventoryWatch } from './inventory-watch.ts';

/** Not the one that the test turns by hand. */
const inRealTime = setTimeout;
const LOOK_AGAIN_MS = 50;

test('an agent that begins while a look is under way is looked for soon after it, and not an hour later', async (t) => {
  const state = mkdtempSync(join(tmpdir(), 'inventory-watch-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let looks = 0;
  const watch = createInventoryWatch({
    look: () => {
      looks++;
      return { state, agents: undefined };
    },
    writerOf: () => undefined,
    tell: () => {},
    failed: assert.fail,
  });
  t.after(() => watch.close());
  t.mock.timers.tick(60_000);
  assert.equal(looks, 1);
  watch.began('acme', '2.0', '/opt/acme');
  // The look's thread takes its own time. Of the watch's time much less than an hour passes meanwhile.
  for (let seconds = 0; looks < 2 && seconds < 1_800; seconds++) {
    await new Promise((resolve) => inRealTime(resolve, LOOK_AGAIN_MS));
    t.mock.timers.tick(1_000);
  }
  assert.equal(looks, 2);
});
