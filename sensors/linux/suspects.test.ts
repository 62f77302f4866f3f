import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { emptyFolder } from '../../test/at-end.ts';
import { lookOut, ran, suspectShell, WORD } from '../../test/programs/lookout.ts';
import { lostOf, needsSensor, ofKind } from '../../test/programs/session.ts';
import type { ProcessExec, SensorEvent } from '../event.ts';

function execOf(events: readonly SensorEvent[], pid: number): ProcessExec {
  const exec = ofKind(events, 'process.exec').find(({ process }) => process.pid === pid);
  assert.ok(exec);
  return exec;
}

/** Paths opened under a tag. */
function opened(events: readonly SensorEvent[], tag: number): string[] {
  return ofKind(events, 'file.open')
    .filter(({ session }) => session === tag)
    .map(({ path }) => path.toString());
}

test(
  'a suspect is tagged before its first instruction: its first child opens a file under its tag while nobody has judged',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const { sensor, events } = lookOut(t);
    const file = join(folder, 'by-the-first-child');
    writeFileSync(file, '');
    const pid = await ran(sensor, suspectShell(folder), ['-c', `(/bin/cat ${file})`]);
    const exec = execOf(events, pid);
    assert.ok(exec.session >= 2 ** 31);
    assert.equal(exec.around, 0);
    const fork = ofKind(events, 'process.fork').find(({ creator }) => creator.pid === pid);
    assert.equal(fork?.session, exec.session);
    assert.ok(opened(events, exec.session).includes(file));
    assert.equal(lostOf(sensor), 0n);
  },
);

test('the word may be a folder, or the name of a link or script that is called', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const { sensor, events } = lookOut(t);
  mkdirSync(join(folder, WORD, 'bin'), { recursive: true });
  const inside = join(folder, WORD, 'bin', 'dash');
  copyFileSync('/bin/dash', inside);
  const link = join(folder, WORD, 'link');
  const elsewhere = join(folder, 'dash');
  copyFileSync('/bin/dash', elsewhere);
  symlinkSync(elsewhere, join(folder, `${WORD}-not`));
  symlinkSync(elsewhere, link);
  const called = emptyFolder(t);
  symlinkSync(elsewhere, join(called, WORD));
  const script = join(emptyFolder(t), WORD);
  writeFileSync(script, `#!${elsewhere}\n:\n`, { mode: 0o755 });

  const isSuspect = async (path: string) => {
    const { session } = execOf(events, await ran(sensor, path, path === script ? [] : ['-c', ':']));
    return session !== 0;
  };
  assert.equal(await isSuspect(inside), true);
  assert.equal(await isSuspect(join(called, WORD)), true);
  assert.equal(await isSuspect(script), true);
  assert.equal(await isSuspect(elsewhere), false);
  assert.equal(await isSuspect(join(folder, `${WORD}-not`)), false);
});

test(
  'a suspect that is judged nobody is outside every session from then on, and so is its child',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const { sensor, events } = lookOut(t, ({ session }, from) => {
      from.judge(session, 0);
      writeFileSync(join(folder, 'judged'), '');
    });
    const wait = `until [ -e ${folder}/judged ]; do :; done`;
    const file = join(folder, 'after');
    writeFileSync(file, '');
    const pid = await ran(sensor, suspectShell(folder), ['-c', `${wait}; : < ${file}; (/bin/cat ${file})`]);
    const { session } = execOf(events, pid);
    assert.ok(!opened(events, session).includes(file));
    const child = ofKind(events, 'process.exec').find(({ parent }) => parent.pid === pid);
    assert.equal(child?.session, 0);
    assert.equal(ofKind(events, 'process.exit').find(({ process }) => process.pid === pid)?.session, 0);
  },
);

test(
  'a suspect inside a session that is joined to it goes on under its tag, with the children it has by then',
  needsSensor,
  async (t) => {
    const folder = emptyFolder(t);
    const outer = 5;
    const { sensor, events } = lookOut(t, ({ session, around }, from) => {
      from.judge(session, around);
      writeFileSync(join(folder, 'judged'), '');
    });
    const file = join(folder, 'after');
    writeFileSync(file, '');
    const wait = `until [ -e ${folder}/judged ]; do :; done; : < ${file}`;
    // The child is forked in the doubt and waits for the verdict.
    const inner = `${suspectShell(folder)} -c '(${wait}) & ${wait}; wait'`;
    const child = spawn('/bin/dash', ['-c', `read go; ${inner}; :`], { stdio: ['pipe', 'ignore', 'ignore'] });
    sensor.tag(child.pid as number, outer);
    child.stdin.end('go\n');
    assert.equal(await new Promise((done) => child.on('exit', done)), 0);
    await sensor.flush();
    const suspect = ofKind(events, 'process.exec').find(({ session }) => session >= 2 ** 31);
    assert.equal(suspect?.around, outer);
    assert.equal(opened(events, outer).filter((path) => path === file).length, 2);
    assert.deepEqual(
      opened(events, suspect.session).filter((path) => path === file),
      [],
    );
    assert.deepEqual(sensor.members(outer), []);
  },
);

test('a suspect inside a session that is kept is a session of its own', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const { sensor, events } = lookOut(t, ({ session }, from) => from.judge(session, session));
  const file = join(folder, 'inside');
  writeFileSync(file, '');
  const child = spawn('/bin/dash', ['-c', `read go; ${suspectShell(folder)} -c ': < ${file}'; : < ${file}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  sensor.tag(child.pid as number, 5);
  child.stdin.end('go\n');
  assert.equal(await new Promise((done) => child.on('exit', done)), 0);
  await sensor.flush();
  const suspect = ofKind(events, 'process.exec').find(({ session }) => session >= 2 ** 31);
  assert.ok(suspect);
  assert.ok(opened(events, suspect.session).includes(file));
  assert.ok(opened(events, 5).includes(file));
});

test('a suspect inside a session is still told as inside while nobody has judged', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const { sensor } = lookOut(t);
  const shell = suspectShell(folder);
  const child = spawn('/bin/dash', ['-c', `read go; exec ${shell} -c 'echo here; read go'`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  t.after(() => child.kill());
  sensor.tag(child.pid as number, 5);
  child.stdin.write('go\n');
  await new Promise((done) => child.stdout.once('data', done));
  const found = sensor.running().find(({ process }) => process.pid === child.pid);
  assert.ok(found && found.session >= 2 ** 31);
  assert.equal(found.around, 5);
});

test('words are taken back: what was a suspect is none', needsSensor, async (t) => {
  const folder = emptyFolder(t);
  const { sensor, events } = lookOut(t);
  const shell = suspectShell(folder);
  assert.notEqual(execOf(events, await ran(sensor, shell, ['-c', ':'])).session, 0);
  sensor.suspect(['something-else']);
  assert.equal(execOf(events, await ran(sensor, shell, ['-c', ':'])).session, 0);
});
