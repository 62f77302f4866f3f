import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { loadNative } from '../../sensors/linux/native.ts';

function residentKib(kind: 'RssFile' | 'RssAnon'): number {
  return Number(
    new RegExp(`^${kind}:\\s*(\\d+)`, 'm').exec(readFileSync('/proc/self/status', 'latin1'))?.[1],
  );
}

test('what was run through of Node itself is given back, what the process wrote stays, and it runs on', () => {
  const held = Buffer.alloc(16 * 2 ** 20, 7);
  const [file, own] = [residentKib('RssFile'), residentKib('RssAnon')];
  loadNative().trim();
  assert.ok(residentKib('RssFile') < file / 2, `${residentKib('RssFile')} of ${file} KiB`);
  assert.ok(residentKib('RssAnon') > own - 8 * 1024, `${residentKib('RssAnon')} of ${own} KiB`);
  assert.ok(held.every((byte) => byte === 7));
  assert.equal(JSON.stringify({ after: [1, 2n.toString(), /a/.test('a')] }), '{"after":[1,"2",true]}');
});
