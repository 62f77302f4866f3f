import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deviceName } from '../file-identity.ts';
import { type HashWish, hashFile } from './hash-file.ts';

function folder(t: TestContext): string {
  const path = fs.mkdtempSync(join(tmpdir(), 'spoor-hash-'));
  t.after(() => fs.rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What the kernel would report of a file as it is now. */
function wishFor(path: string, pid = process.pid, role: HashWish['role'] = 'opened'): HashWish {
  const stat = fs.statSync(path, { bigint: true });
  return {
    role,
    pid,
    path: Buffer.from(path).toString('latin1'),
    device: deviceName(stat.dev),
    inode: stat.ino,
    changeNs: stat.ctimeNs,
    sizeBytes: stat.size,
  };
}

function hash(wish: HashWish) {
  return hashFile(wish, () => {});
}

function sha256sum(path: string): string {
  return execFileSync('sha256sum', ['--', path], { encoding: 'utf8' }).replace(
    /^\\?([0-9a-f]{64}).*$/s,
    '$1',
  );
}

function shaOf(answer: ReturnType<typeof hash>): string {
  assert.ok('sha256' in answer, JSON.stringify(answer));
  return answer.sha256;
}

test('the hash is what sha256sum says, for an empty, a small and a many-chunk file', (t) => {
  const at = folder(t);
  for (const size of [0, 1, 256 * 1024, 700_001]) {
    const path = join(at, String(size));
    fs.writeFileSync(path, Buffer.alloc(size, size));
    assert.equal(shaOf(hash(wishFor(path))), sha256sum(path));
  }
});

test('a name that is not UTF-8 finds its file', (t) => {
  const bytes = Buffer.concat([Buffer.from(`${folder(t)}/`), Buffer.from([0xff, 0xfe, 0x0a])]);
  fs.writeFileSync(bytes, 'x');
  const stat = fs.statSync(bytes, { bigint: true });
  const wish: HashWish = {
    role: 'opened',
    pid: process.pid,
    path: bytes.toString('latin1'),
    device: deviceName(stat.dev),
    inode: stat.ino,
    changeNs: stat.ctimeNs,
    sizeBytes: 1n,
  };
  assert.equal(shaOf(hash(wish)), '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881');
});

test('a file swapped for another of the same name is hashed through the descriptor that holds it', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'what was opened');
  const expected = sha256sum(path);
  const fd = fs.openSync(path, 'r');
  t.after(() => fs.closeSync(fd));
  fs.writeFileSync(`${path}.new`, 'what took its name');
  fs.renameSync(`${path}.new`, path);
  // The rename moved the change time of the old inode: the version is told by its descriptor.
  const stat = fs.fstatSync(fd, { bigint: true });
  const wish = { ...wishFor(path), inode: stat.ino, changeNs: stat.ctimeNs, sizeBytes: stat.size };
  assert.equal(shaOf(hash(wish)), expected);
});

test('a swapped file that nobody holds is gone, and the new one is never hashed in its place', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'old');
  const wish = wishFor(path);
  fs.writeFileSync(`${path}.new`, 'new');
  fs.renameSync(`${path}.new`, path);
  assert.deepEqual(hash(wish), { missing: 'gone' });
});

test('a file written after the open is changed', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'one');
  const wish = wishFor(path);
  fs.writeFileSync(path, 'two, and longer');
  assert.deepEqual(hash(wish), { missing: 'changed' });
});

test('a version younger than a clock tick is hashed but not kept', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'young');
  const young = hash(wishFor(path));
  assert.ok('sha256' in young && !young.settled);
  const old = hash(wishFor('/etc/passwd'));
  assert.ok('sha256' in old && old.settled);
});

test('a FIFO under the name is not waited for', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'x');
  const wish = wishFor(path);
  fs.renameSync(path, `${path}.moved`);
  execFileSync('mkfifo', [path]);
  assert.deepEqual(hash(wish), { missing: 'gone' });
  assert.deepEqual(hash(wishFor(path)), { missing: 'not_regular' });
});

test('a symbolic link in the place of the file is not followed', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'x');
  const wish = wishFor(path);
  fs.renameSync(path, `${path}.moved`);
  fs.symlinkSync(`${path}.moved`, path);
  assert.deepEqual(hash(wish), { missing: 'gone' });
});

test('files of /proc and /sys are never read', () => {
  assert.deepEqual(hash(wishFor('/proc/version')), { missing: 'not_regular', virtual: true });
  assert.deepEqual(hash(wishFor('/sys/kernel/uevent_seqnum')), { missing: 'not_regular', virtual: true });
});

test('reading leaves the access time as it was', (t) => {
  const path = join(folder(t), 'file');
  fs.writeFileSync(path, 'x');
  const atime = new Date('2001-01-01T00:00:00Z'); // older than the modification: relatime would move it
  fs.utimesSync(path, atime, new Date());
  shaOf(hash(wishFor(path)));
  assert.equal(fs.statSync(path).atimeMs, atime.getTime());
});

test('a program that deleted its own executable is hashed through the process', async (t) => {
  const path = join(folder(t), 'program');
  fs.copyFileSync('/bin/sleep', path);
  fs.chmodSync(path, 0o700);
  const child = spawn(path, ['60']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  fs.unlinkSync(path);
  const stat = fs.statSync(`/proc/${child.pid}/exe`, { bigint: true });
  const wish: HashWish = {
    role: 'executable',
    pid: child.pid ?? 0,
    path,
    device: deviceName(stat.dev),
    inode: stat.ino,
    changeNs: stat.ctimeNs,
    sizeBytes: stat.size,
  };
  assert.equal(shaOf(hash(wish)), sha256sum('/bin/sleep'));
});

test('a file of an overlay is found by the numbers that the kernel holds, not those that stat answers', (t) => {
  const at = fs.mkdtempSync(join(tmpdir(), 'spoor-overlay-'));
  t.after(() => {
    for (const mount of ['merged', 'tmpfs']) execFileSync('umount', ['-l', join(at, mount)]);
    fs.rmSync(at, { recursive: true });
  });
  for (const name of ['lower', 'tmpfs', 'merged']) fs.mkdirSync(join(at, name));
  // Layers on two file systems: then stat answers a device that no mount has.
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(at, 'tmpfs')]);
  fs.mkdirSync(join(at, 'tmpfs/upper'));
  fs.mkdirSync(join(at, 'tmpfs/work'));
  fs.writeFileSync(join(at, 'lower/file'), 'from the lower layer');
  const layers = `lowerdir=${at}/lower,upperdir=${at}/tmpfs/upper,workdir=${at}/tmpfs/work,xino=off`;
  execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, join(at, 'merged')]);
  const path = join(at, 'merged/file');
  const device = execFileSync('findmnt', ['-no', 'MAJ:MIN', join(at, 'merged')], { encoding: 'utf8' }).trim();
  const fd = fs.openSync(path, 'r');
  t.after(() => fs.closeSync(fd));
  const inode = /^ino:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '';
  const wish = { ...wishFor(path), device, inode: BigInt(inode) };
  assert.notEqual(wishFor(path).device, device); // or the test tests nothing
  assert.equal(shaOf(hash(wish)), sha256sum(path));
  assert.deepEqual(hash({ ...wish, device: '0:1' }), { missing: 'gone' });
});

test('of a file that was written, what lies there now is hashed, up to the limit', (t) => {
  const path = join(folder(t), 'written');
  fs.writeFileSync(path, 'first');
  const before: HashWish = { ...wishFor(path, process.pid, 'written'), changeNs: 'current', sizeBytes: 6n };
  fs.writeFileSync(path, 'second');
  assert.equal(shaOf(hash(before)), sha256sum(path));
  assert.deepEqual(hash({ ...before, sizeBytes: 5n }), { missing: 'too_large' });
});
