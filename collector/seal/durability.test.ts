import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { verifyLog } from '../verify/verify.ts';

function folder(t: TestContext): string {
  const made = mkdtempSync(join(tmpdir(), 'durability-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function program(state: string, body: string): string[] {
  const script = `
    import { openSeal } from ${JSON.stringify(new URL('./seal.js', import.meta.url).href)};
    import { openHostKey } from ${JSON.stringify(new URL('./hostkey.js', import.meta.url).href)};
    import { writeFileSync, rmSync } from 'node:fs';
    const event = (n) => ({ name: 'file.open', uid: String(n).padStart(26, '0'), timeNs: 1n, severity: 9, traceId: '',
      spanId: '', attributes: { 'file.path': '/tmp/' + n }, seen: undefined });
    const open = (retention) =>
      openSeal({ directory: '${state}/log', hostKey: openHostKey('${state}/key'), hostId: 'h', retention });
    ${body}
  `;
  return [process.execPath, '--input-type=module', '--eval', script];
}

/** System calls as strace saw them end, in order: the call's name and its whole line. */
function callsIn(trace: string): { readonly name: string; readonly line: string }[] {
  const begun = new Map<string, string>();
  return trace.split('\n').flatMap((line) => {
    const [, pid = '', rest = ''] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest.endsWith('<unfinished ...>')) {
      begun.set(pid, rest);
      return [];
    }
    // A call counts from its end: what it did is not sure before.
    const whole = rest.startsWith('<...') ? `${begun.get(pid) ?? ''}${rest}` : rest;
    const name = /^(\w+)\(/.exec(whole)?.[1];
    return name === undefined ? [] : [{ name, line: whole }];
  });
}

/** What a program and its threads did to files. */
function traced(command: readonly string[], out: string): ReturnType<typeof callsIn> {
  const calls = 'trace=write,pwrite64,fdatasync,fsync,rename,mkdir';
  const ran = spawnSync('strace', ['-f', '-y', '-s', '0', '-e', calls, '-o', out, ...command], {
    encoding: 'utf8',
  });
  assert.equal(ran.status, 0, ran.stderr);
  return callsIn(readFileSync(out, 'utf8'));
}

const hasStrace = spawnSync('strace', ['-V']).status === 0;

test('all that a checkpoint covers is on disk before its note is written, and the note before the file checkpoint', {
  skip: hasStrace ? false : 'strace is not installed',
  timeout: 120_000,
}, (t) => {
  const state = folder(t);
  const body = `
      const seal = await open();
      for (let i = 0; i < 5; i++) {
        seal.append(Array.from({ length: 100 }, (_, n) => event(n)));
        await seal.checkpoint();
      }
      await seal.close();`;
  const out = join(state, 'trace');
  const calls = traced(program(state, body), out);

  /** Files with bytes that no sync has covered yet. */
  const dirty = new Set<string>();
  let notes = 0;
  for (const { name, line } of calls) {
    const path = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (name === 'rename') {
      if (!line.includes('/log/checkpoint"')) continue;
      assert.ok(
        !dirty.has(join(state, 'log/checkpoints')),
        'the file checkpoint came before its note was on disk',
      );
      continue;
    }
    if (name === 'fdatasync' || name === 'fsync') {
      dirty.delete(path);
      continue;
    }
    if (path === join(state, 'log/checkpoints')) {
      const unsynced = [...dirty].filter((file) => file.includes('/log/tile/'));
      assert.deepEqual(unsynced, [], 'a note was written before what it covers was on disk');
      notes++;
    }
    if (path.startsWith(join(state, 'log/'))) dirty.add(path);
  }
  assert.equal(notes, 7, 'one at the opening, five, one at the close');
});

test('a note is written only when the names of new folders, of full bundles and of the journal itself are on disk', {
  skip: hasStrace ? false : 'strace is not installed',
  timeout: 120_000,
}, (t) => {
  const state = join(folder(t), 'made/with/it');
  const body = `
      const seal = await open({ maxBytes: 200_000 });
      for (let i = 0; i < 30; i++) {
        seal.append(Array.from({ length: 100 }, (_, n) => event(n)));
        await seal.checkpoint();
      }
      await seal.close();`;
  const journal = join(state, 'log/checkpoints');
  /** Folders with names that no sync has covered yet. */
  const unsynced = new Set<string>();
  const seen = { mkdir: 0, bundle: 0, journal: 0 };
  for (const { name, line } of traced(program(state, body), join(folder(t), 'trace'))) {
    const path = /<([^>]*)>/.exec(line)?.[1] ?? '';
    if (name === 'mkdir' && line.endsWith(' = 0')) {
      const made = /"([^"]*)"/.exec(line)?.[1] ?? '';
      unsynced.add(dirname(made));
      seen.mkdir++;
    } else if (name === 'rename') {
      const named = /"([^"]*)"\) = 0$/.exec(line)?.[1] ?? '';
      // For readers, who can do without it.
      if (named === join(state, 'log/checkpoint')) continue;
      unsynced.add(dirname(named));
      if (named === journal) seen.journal++;
      else if (named.includes('/tile/entries/')) seen.bundle++;
    } else if (name === 'fsync') unsynced.delete(path);
    else if (path === journal && name === 'write')
      assert.deepEqual([...unsynced], [], `a note came before the names in these folders were on disk`);
  }
  assert.ok(seen.mkdir >= 6, 'made, with, it, key, log and the folders of tiles were made');
  assert.ok(seen.bundle >= 11 && seen.journal > 0, JSON.stringify(seen));
});

test('of many processes that find a dead writer’s lock at once, one writes at a time, and the others name it', async (t) => {
  const state = folder(t);
  mkdirSync(join(state, 'log'));
  // `inside` exists while somebody writes: a second one there would find it.
  const body = `
    let seal;
    try { seal = await open(); } catch (error) { console.log('refused ' + error.message); process.exit(0); }
    writeFileSync('${state}/inside', '', { flag: 'wx' });
    seal.append([event(1)]);
    await seal.checkpoint();
    rmSync('${state}/inside');
    await seal.close();
    console.log('wrote');`;
  // Once alone, so that all share one key.
  assert.equal(spawnSync(process.execPath, program(state, body).slice(1)).status, 0);
  let wrote = 1;
  for (let round = 0; round < 3; round++) {
    const dead = { pid: 2 ** 22 - 1, startTicks: '1', bootId: 'gone', command: 'dead' };
    writeFileSync(join(state, 'log/lock'), JSON.stringify(dead));
    const said = await Promise.all(Array.from({ length: 5 }, () => saidBy(program(state, body))));
    for (const { code, text } of said) {
      assert.equal(code, 0, text);
      if (text.startsWith('wrote')) wrote++;
      else assert.match(text, /^refused .* is being written by process \d+ \(/);
    }
  }
  const opened: string[] = [];
  for await (const records of readRecords(join(state, 'log'), 0, Number.MAX_SAFE_INTEGER))
    for (const { leaf } of records) if (decodeLeaf(leaf).eventName === 'log.open') opened.push('');
  assert.ok(wrote > 1);
  assert.equal(opened.length, wrote);
  assert.deepEqual((await verifyLog(join(state, 'log'))).problems, []);
});

async function saidBy([command = '', ...args]: string[]): Promise<{ code: number | null; text: string }> {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
  const [code] = await once(child, 'close');
  return { code: code as number | null, text };
}
