/** What is said of files, held against what programs counted and what sha256sum says of the same inodes. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { emptyFolder } from '../at-end.ts';
import { PROGRAMS } from '../programs/session.ts';
import { eventsIn, needsRoot, type PrintedEvent, spoor } from './spoor.ts';

const MEGABYTES_10 = 10 * 1024 * 1024;

interface Operation {
  readonly event: string;
  readonly path: string;
  readonly access?: string;
  readonly previous?: string;
}

describe('files, against true counts', needsRoot, () => {
  const folder = emptyFolder({ after });

  /** Runs COMMAND under watch; its output, and what the log then holds. */
  async function watched(name: string, command: readonly string[]) {
    const state = join(folder, `${name}-state`);
    const { code, stdout, stderr } = await spoor(['run', '--state', state, '--', ...command]);
    assert.equal(code, 0, stderr);
    const events = await eventsIn(state);
    assert.deepEqual(
      events.filter(({ event_name }) => event_name === 'sensor.gap'),
      [],
      'an absent event proves nothing when any was lost',
    );
    return { output: stdout.toString('utf8'), events };
  }

  function place(name: string): string {
    const path = join(folder, name);
    mkdirSync(path);
    return path;
  }

  test('each of 1,000 operations on files is one event, with its absolute path and access', async () => {
    const { output, events } = await watched('operations', [
      join(PROGRAMS, 'operations'),
      place('operations'),
      '1000',
    ]);
    const { pid, operations } = JSON.parse(output) as { pid: number; operations: Operation[] };
    const seen = new Map<string, PrintedEvent['attributes'][]>();
    for (const { event_name, attributes } of events) {
      if (attributes['process.pid'] !== pid || attributes['event.outcome'] === 'failure') continue;
      const key = `${event_name} ${attributes['file.path']}`;
      seen.set(key, [...(seen.get(key) ?? []), attributes]);
    }
    assert.ok(operations.length >= 1000);
    // Where the truth has no access or no earlier path (a link to what had no name, O_TMPFILE), any may be told.
    const wrong = operations.filter(({ event, path, access, previous }) => {
      const told = (seen.get(`${event} ${path}`) ?? []).filter(
        (one) =>
          (access === undefined || one['spoor.file.access'] === access) &&
          (previous === undefined || one['spoor.file.previous_path'] === previous),
      );
      return told.length !== 1;
    });
    assert.deepEqual(wrong, []);
  });

  test('10 MB by each way are counted to the byte, and a mapped file by the size that was mapped', async () => {
    const { output, events } = await watched('bytes', [
      join(PROGRAMS, 'bytes'),
      place('bytes'),
      String(MEGABYTES_10),
    ]);
    const { pid, files } = JSON.parse(output) as {
      pid: number;
      files: { path: string; read: number; written: number; mapped: number }[];
    };
    assert.equal(files.length, 13);
    const closes = events.filter(
      ({ event_name, attributes }) => event_name === 'file.close' && attributes['process.pid'] === pid,
    );
    const sum = (path: string, attribute: string) =>
      closes
        .filter(({ attributes }) => attributes['file.path'] === path)
        .reduce((total, { attributes }) => total + Number(attributes[attribute] ?? 0), 0);
    const seen = files.map(({ path }) => ({
      path,
      read: sum(path, 'spoor.file.bytes_read'),
      written: sum(path, 'spoor.file.bytes_written'),
      mapped: sum(path, 'spoor.file.bytes_mapped'),
    }));
    assert.deepEqual(seen, files);
  });

  test('a file opened 5,000 times within 10 s is at most 3 records, whose counts sum to 5,000', async () => {
    const path = join(place('again'), 'file');
    writeFileSync(path, 'x');
    const { events } = await watched('again', [
      'python3',
      '-c',
      `import os
for i in range(5000):
  os.close(os.open(${JSON.stringify(path)}, os.O_RDONLY))`,
    ]);
    const records = events.filter(({ attributes }) => attributes['file.path'] === path);
    assert.ok(records.length <= 3, JSON.stringify(records.map(({ event_name }) => event_name)));
    const counts = records.map(({ attributes }) => Number(attributes['spoor.file.opens'] ?? 0));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      5000,
    );
  });

  function sha256sum(path: string): string {
    return execFileSync('sha256sum', [path], { encoding: 'utf8' }).slice(0, 64);
  }

  function opensOf(events: PrintedEvent[], path: string): PrintedEvent['attributes'][] {
    return events
      .filter(({ event_name, attributes }) => event_name === 'file.open' && attributes['file.path'] === path)
      .map(({ attributes }) => attributes);
  }

  test('what was opened has the hash of its own inode or a reason, never that of what took its name', async () => {
    const at = place('swapped');
    const [path, kept, swap, hard, renamed] = ['path', 'kept', 'swap', 'hard', 'renamed'].map((name) =>
      join(at, name),
    ) as [string, string, string, string, string];
    writeFileSync(path, 'what was opened\n');
    writeFileSync(swap, 'what took its name\n');
    // The opened inode stays under another name, so that sha256sum can say what it held.
    const { events } = await watched('swapped', [
      'python3',
      '-c',
      `import os, sys
path, kept, swap, hard, renamed = sys.argv[1:]
os.link(path, kept)
fd = os.open(path, os.O_RDONLY)
os.rename(swap, path)
os.read(fd, 100)
os.link(kept, hard)
os.close(os.open(hard, os.O_WRONLY))
os.rename(hard, renamed)
os.close(os.open(renamed, os.O_RDWR))
os.close(fd)`,
      path,
      kept,
      swap,
      hard,
      renamed,
    ]);
    const truth = sha256sum(kept);
    assert.notEqual(truth, sha256sum(path));
    // Whoever looks after the swap finds no way to the inode any more, and must say so.
    const [opened] = opensOf(events, path);
    const { 'file.hash.sha256': hash, 'spoor.hash.missing_reason': because } = opened ?? {};
    assert.ok(
      hash === truth || (hash === undefined && (because === 'gone' || because === 'changed')),
      `${hash} ${because}`,
    );
    assert.deepEqual(
      opensOf(events, renamed).map((attributes) => attributes['file.hash.sha256']),
      [truth],
    );
  });

  test('a file that vanished, or is too large, has a reason in the place of its hash', async () => {
    const at = place('vanished');
    const [gone, large] = [join(at, 'gone'), join(at, 'large')] as [string, string];
    writeFileSync(gone, 'x');
    const { events } = await watched('vanished', [
      'python3',
      '-c',
      `import os, sys
gone, large = sys.argv[1:]
fd = os.open(gone, os.O_RDONLY)
os.unlink(gone)
os.close(fd)
with open(large, 'wb') as file: file.truncate(65 * 1024 * 1024)
os.close(os.open(large, os.O_RDONLY))`,
      gone,
      large,
    ]);
    for (const [path, reason] of [
      [gone, 'gone'],
      [large, 'too_large'],
    ] as const) {
      const opens = events.filter(
        ({ event_name, attributes }) =>
          event_name === 'file.open' &&
          attributes['file.path'] === path &&
          attributes['spoor.file.access'] === 'read',
      );
      assert.equal(opens.length, 1, path);
      const { 'file.hash.sha256': hash, 'spoor.hash.missing_reason': because } = opens[0]?.attributes ?? {};
      // Whoever was quick enough saw the content; nobody says nothing.
      assert.ok(because === reason || (path === gone && hash === sha256OfX), `${path}: ${hash} ${because}`);
    }
  });
});

/** printf x | sha256sum */
const sha256OfX = '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881';
