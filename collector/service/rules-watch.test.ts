import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type RulesWatch, watchRules } from './rules-watch.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'rules-watch-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

function watched(path: string): { watch: RulesWatch; told: Promise<void> } {
  let tell = () => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return { watch: watchRules([path], () => tell(), assert.fail), told };
}

test('a change seen by a watch that is replaced before it told is told by the next', async (t) => {
  const path = folder(t);
  const first = watched(path);
  // As if a file had changed just now: the watch waits whether more comes.
  first.watch.soon();
  assert.equal(first.watch.close(), true);
  const second = watched(path);
  second.watch.soon();
  await second.told;
  assert.equal(second.watch.close(), false);
});

test('a file that is written is told', async (t) => {
  const path = folder(t);
  const { watch, told } = watched(path);
  writeFileSync(join(path, 'a.yml'), 'title: a');
  await told;
  watch.close();
});
