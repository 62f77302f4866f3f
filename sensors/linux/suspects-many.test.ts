import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lookOut, ran, suspectShell, WORD } from '../../test/programs/lookout.ts';
import { lostOf, needsSensor, ofKind } from '../../test/programs/session.ts';

// There are 16,384 places for tags.
test('17,000 suspects one after another, judged nobody, never run out of tags', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const { sensor, events } = lookOut(t, ({ session }, from) => from.judge(session, 0));
  suspectShell(folder);
  // One process that becomes the suspect again and again: 17,000 forks would take half a minute.
  const again = join(folder, 'again');
  writeFileSync(again, `[ "$1" = 0 ] || exec ${folder}/${WORD} ${again} $(($1 - 1))\n`);
  const pid = await ran(sensor, join(folder, WORD), [again, '17000']);
  const tags = new Set(
    ofKind(events, 'process.exec')
      .filter(({ process }) => process.pid === pid)
      .map(({ session, around }) => (session === around ? 0 : session)),
  );
  const lost = lostOf(sensor, 'process.exec');
  assert.ok(!tags.has(0), 'a suspect got no tag of its own');
  assert.equal(BigInt(tags.size) + lost, 17_001n);
});
