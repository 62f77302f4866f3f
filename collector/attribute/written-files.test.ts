import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { createWrittenFiles, type WrittenFile } from './written-files.ts';
import { openWrittenJournal } from './written-journal.ts';

function file(inode: number, more: Partial<WrittenFile> = {}): WrittenFile {
  return {
    device: '8:1',
    inode: BigInt(inode),
    generation: 7,
    path: `/home/a/${inode}`,
    sha256: undefined,
    writtenNs: 1n,
    session: { id: 's', agent: { name: 'codex', version: undefined } },
    writer: { entityId: 'w', pid: 1, executable: '/usr/bin/bash' },
    ...more,
  };
}

test('an inode number that was given to another file is not the written one', () => {
  const files = createWrittenFiles([file(1)]);
  assert.ok(files.byIdentity({ device: '8:1', inode: 1n, generation: 7 }));
  assert.equal(files.byIdentity({ device: '8:1', inode: 1n, generation: 8 }), undefined);
  assert.equal(files.byIdentity({ device: '8:2', inode: 1n, generation: 7 }), undefined);
});

test('what a package manager puts where everybody runs it from is not remembered, elsewhere it is', () => {
  const files = createWrittenFiles();
  const writer = { entityId: 'w', pid: 1, executable: '/usr/bin/dpkg' };
  files.add(file(1, { path: '/usr/bin/jq', writer }));
  files.add(file(2, { path: '/home/a/jq', writer }));
  files.add(file(3, { path: '/usr/bin/jq' }));
  assert.deepEqual(
    [...files.all()].map(({ inode }) => inode),
    [2n, 3n],
  );
});

test('the file that was written first is forgotten first', () => {
  const files = createWrittenFiles();
  for (let inode = 1; inode <= 16_385; inode += 1) files.add(file(inode));
  files.add(file(2));
  files.add(file(16_386));
  assert.equal(files.byInode('8:1', 1n), undefined);
  assert.equal(files.byPath('/home/a/1'), undefined);
  assert.ok(files.byInode('8:1', 2n));
  assert.equal(files.byInode('8:1', 3n), undefined);
});

const asIs = (path: string) => path;

test('the journal gives back the last that was told of each file, and passes over the half line of a crash', (t) => {
  const path = join(emptyFolder(t), 'handover', 'written-files.jsonl');
  const fail = (error: Error) => assert.fail(error);
  const journal = openWrittenJournal(path, () => [], fail, asIs);
  const files = createWrittenFiles(journal.known, journal.append);
  files.add(file(1));
  files.add(file(2, { path: '/home/a/caf\u00e9 \n"x"' }));
  files.hashed('8:1', 1n, 'w', 'aa');
  files.hashed('8:1', 2n, 'another process', 'bb');
  files.renamed('/home/a/1', '/home/a/moved');
  journal.close();
  assert.equal(statSync(path).mode & 0o777, 0o600);
  appendFileSync(path, '{"device":"8:1","inode":"3","gen');
  const again = openWrittenJournal(path, () => [], fail, asIs);
  again.close();
  assert.deepEqual(again.known, [
    file(2, { path: '/home/a/caf\u00e9 \n"x"' }),
    file(1, { sha256: 'aa', path: '/home/a/moved' }),
  ]);
});

test('a journal that grew long is written anew with a line for each file', (t) => {
  const path = join(emptyFolder(t), 'written-files.jsonl');
  const journal = openWrittenJournal(
    path,
    () => files.all(),
    (error) => assert.fail(error),
    asIs,
  );
  const files = createWrittenFiles([], journal.append);
  for (let round = 0; round < 40_001; round += 1) files.add(file(1, { path: `/home/a/${round}` }));
  journal.close();
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  assert.equal(lines.length, 1);
  assert.equal(JSON.parse(lines[0] ?? '').path, '/home/a/40000');
});
