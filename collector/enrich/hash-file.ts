/**
 * Hashes one file that the kernel reported, and only that one: never a file that took its name, never half a version.
 *
 *   1. find it by name with O_PATH, which opens nothing: a FIFO does not wait, a device does not act
 *   2. compare device and inode with what the kernel reported; go on only for a regular file of a real file system
 *   3. open that very inode through /proc/self/fd; compare its change time and size
 *   4. read, at most the reported size and one byte; compare again
 *
 * Reading leaves the access time alone (O_NOATIME) where we may.
 */

import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { type FileIdentity, isSameFile } from '../file-identity.ts';
import { isVirtualFileSystem } from './virtual.ts';

/** open(2); Node does not name it. */
const O_PATH = 0o10000000;
const READ_CHUNK_BYTES = 256 * 1024;
/** Descriptors of one process searched for a file that has lost its name; past it the file counts as gone. */
const MAX_DESCRIPTORS_SEARCHED = 256;
/**
 * A change within one tick of the kernel's coarse clock (10 ms at 100 Hz) may leave change time and size as they were.
 * The hash of a version that young is true of what was read, but is not kept for the next open.
 */
const SETTLED_AFTER_NS = 20_000_000n;

export type MissingReason = 'too_large' | 'changed' | 'gone' | 'denied' | 'not_regular' | 'busy';

export interface HashWish extends FileIdentity {
  readonly role: 'executable' | 'opened' | 'written';
  /** Who ran or opened it; it may have gone since. */
  readonly pid: number;
  /** The path's bytes, one character a byte (latin1): a Buffer would take its whole batch across to the worker. */
  readonly path: string;
  /** Inode change time as the kernel saw it, nanoseconds; `current` for what lies there now that it was written. */
  readonly changeNs: bigint | 'current';
  /** Size as the kernel saw it; of a current version, the largest that is read. */
  readonly sizeBytes: bigint;
}

/** One version of a file's contents. The kernel moves the change time at every change of contents. */
interface Version {
  readonly changeNs: bigint;
  readonly sizeBytes: bigint;
}

export type HashAnswer =
  /** settled: this change time and size will not come to name other contents. */
  | { readonly sha256: string; readonly settled: boolean }
  /** virtual: every file of this device will be answered so. */
  | { readonly missing: MissingReason; readonly virtual?: boolean };

const chunk = Buffer.allocUnsafeSlow(READ_CHUNK_BYTES);

/** @param progressed called at each step, so that a watcher can tell slow from hung */
export function hashFile(wish: HashWish, progressed: () => void): HashAnswer {
  let pathFd: number | undefined;
  try {
    const found = find(wish, progressed);
    if (typeof found !== 'number') return found;
    pathFd = found;
    progressed();
    if (!fstatSync(pathFd).isFile()) return { missing: 'not_regular' };
    if (isVirtualFileSystem(statfsSync(`/proc/self/fd/${pathFd}`).type)) {
      return { missing: 'not_regular', virtual: true };
    }
    return readFound(pathFd, wish, progressed);
  } catch (error) {
    return { missing: reasonOf(error) };
  } finally {
    if (pathFd !== undefined) closeSync(pathFd);
  }
}

/** An O_PATH descriptor of the wanted file, or why there is none. */
function find(wish: HashWish, progressed: () => void): number | { missing: MissingReason } {
  let missing: MissingReason = 'gone';
  for (const { path, follow } of namesOf(wish)) {
    progressed();
    let fd: number;
    try {
      fd = openSync(path, O_PATH | (follow ? 0 : constants.O_NOFOLLOW));
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== 'gone') missing = reason;
      continue;
    }
    if (isWanted(fd, wish)) return fd;
    closeSync(fd);
  }
  return { missing };
}

function isWanted(fd: number, wish: HashWish): boolean {
  return isSameFile(fd, fstatSync(fd, { bigint: true }), wish, wish.pid);
}

interface Name {
  readonly path: Buffer | string;
  /** A link of /proc leads to the inode itself; any other link at the end is not the file that the kernel resolved. */
  readonly follow: boolean;
}

/** Where the file may be found, best first. Each is checked, so a wrong one costs a look and no truth. */
function* namesOf(wish: HashWish): Generator<Name> {
  if (wish.role === 'executable') yield { path: `/proc/${wish.pid}/exe`, follow: true };
  yield { path: Buffer.from(`/proc/${wish.pid}/root${wish.path}`, 'latin1'), follow: false };
  // The process has gone, or changed its root: the path is as the host sees it.
  yield { path: Buffer.from(wish.path, 'latin1'), follow: false };
  if (wish.role !== 'executable') yield* descriptorsOf(wish);
}

/** The file has another name or none by now, but who opened it may hold it still. */
function* descriptorsOf(wish: HashWish): Generator<Name> {
  let names: string[];
  try {
    names = readdirSync(`/proc/${wish.pid}/fd`);
  } catch {
    return; // the process has gone, and its descriptors with it
  }
  for (const name of names.slice(0, MAX_DESCRIPTORS_SEARCHED)) {
    const path = `/proc/${wish.pid}/fd/${name}`;
    const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat?.isFile() && stat.ino === wish.inode) yield { path, follow: true };
  }
}

function readFound(pathFd: number, wish: HashWish, progressed: () => void): HashAnswer {
  const fd = openForReading(`/proc/self/fd/${pathFd}`);
  try {
    const version = wantedVersion(fd, wish);
    if ('missing' in version) return version;
    const hash = createHash('sha256');
    let readBytes = 0n;
    // One read past the reported size: a file that grew must not pass for its former version.
    for (;;) {
      progressed();
      const length = readSync(fd, chunk, 0, READ_CHUNK_BYTES, null);
      if (length === 0) break;
      readBytes += BigInt(length);
      if (readBytes > version.sizeBytes) return { missing: 'changed' };
      hash.update(length === READ_CHUNK_BYTES ? chunk : chunk.subarray(0, length));
    }
    if (readBytes !== version.sizeBytes || !isVersion(fd, version)) return { missing: 'changed' };
    const ageNs = BigInt(Date.now()) * 1_000_000n - version.changeNs;
    return { sha256: hash.digest('hex'), settled: ageNs > SETTLED_AFTER_NS };
  } finally {
    closeSync(fd);
  }
}

function wantedVersion(fd: number, { changeNs, sizeBytes }: HashWish): Version | { missing: MissingReason } {
  if (changeNs !== 'current') {
    const version = { changeNs, sizeBytes };
    return isVersion(fd, version) ? version : { missing: 'changed' };
  }
  const { ctimeNs, size } = fstatSync(fd, { bigint: true });
  return size > sizeBytes ? { missing: 'too_large' } : { changeNs: ctimeNs, sizeBytes: size };
}

function isVersion(fd: number, version: Version): boolean {
  const stat = fstatSync(fd, { bigint: true });
  return stat.ctimeNs === version.changeNs && stat.size === version.sizeBytes;
}

function openForReading(path: string): number {
  // O_NONBLOCK: a file under another's lease answers EWOULDBLOCK instead of breaking the lease and waiting.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  try {
    return openSync(path, flags | constants.O_NOATIME);
  } catch (error) {
    // open(2): EPERM when we neither own the file nor hold CAP_FOWNER; then its access time moves as for any reader.
    if (codeOf(error) !== 'EPERM') throw error;
    return openSync(path, flags);
  }
}

function reasonOf(error: unknown): MissingReason {
  switch (codeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'ELOOP':
      return 'denied';
    case 'EAGAIN':
    case 'EWOULDBLOCK':
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOMEM':
    case 'EIO':
    case 'ESTALE':
      return 'busy';
    default:
      return 'gone'; // ENOENT, ENOTDIR, ESRCH, ENXIO: the name leads nowhere any more
  }
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
