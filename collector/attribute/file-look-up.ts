/**
 * Which file does a path name, as a process sees it? Looked up by name with O_PATH, which opens nothing.
 *
 * On the event's way, so never where a look may hang: a file system whose answers come from another program or host
 * is not asked.
 */

import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { deviceName, type FileIdentity, kernelIdentityOf } from '../file-identity.ts';

/** open(2); Node does not name it. */
const O_PATH = 0o10000000;
/** How old the knowledge of the mounts may be. */
const MOUNTS_INTERVAL_MS = 1_000;
/** File systems that may keep who asks waiting for ever: mountinfo(5), field 9. */
const SLOW = /^(?:fuse(?:\..*|blk|ctl)?|nfs4?|cifs|smb3|9p|afs|ceph|glusterfs|lustre|autofs|virtiofs)$/;

export interface Found {
  /** As stat(2) tells it, and as the kernel holds it where that is known: on overlayfs and btrfs they differ. */
  readonly identities: readonly FileIdentity[];
}

/**
 * @param path absolute, as the process sees it
 * @param mountNamespace inode of the process's mount namespace
 * @returns undefined where there is no such file, it may not be looked at, or the process is gone with its view
 */
export function lookUp(path: string, pid: number, mountNamespace: number | undefined): Found | undefined {
  const seenFrom =
    mountNamespace === undefined || mountNamespace === ownMountNamespace() ? '' : `/proc/${pid}/root`;
  return found(`${seenFrom}${path}`, pid, mountsOf(seenFrom === '' ? 'self' : pid, path));
}

/** The file that is a process's standard input. */
export function standardInputOf(pid: number): Found | undefined {
  let target: string;
  try {
    target = readlinkSync(`/proc/${pid}/fd/0`);
  } catch {
    return undefined; // it has ended, or reads nothing
  }
  if (!target.startsWith('/')) return undefined; // a pipe, a socket
  return found(`/proc/${pid}/fd/0`, pid, mountsOf('self', target));
}

/** The beginning of a file that a look-up found, for a look at it; undefined where it is another by now. */
export function beginningOf(path: string, wanted: FileIdentity, maxBytes: number): Buffer | undefined {
  if (mountsOf('self', path) !== 'quick') return undefined;
  let fd: number | undefined;
  try {
    // Without waiting for a writer: the name may be a FIFO's by now.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile() || !identitiesOf(fd, process.pid).some((file) => isSame(file, wanted)))
      return undefined;
    const bytes = Buffer.alloc(Math.min(maxBytes, Number(stat.size)));
    return bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, 0));
  } catch {
    return undefined; // gone, or not ours to read: then nothing is known of it
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function isSame(one: FileIdentity, other: FileIdentity): boolean {
  return one.device === other.device && one.inode === other.inode;
}

function found(path: string, pid: number, mount: 'quick' | 'slow'): Found | undefined {
  if (mount === 'slow') return undefined;
  let fd: number | undefined;
  try {
    fd = openSync(path, O_PATH);
    return { identities: identitiesOf(fd, pid) };
  } catch {
    return undefined; // no such file, or the process has ended: nothing is known of it
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function identitiesOf(fd: number, pid: number): FileIdentity[] {
  const stat = fstatSync(fd, { bigint: true });
  const asked: FileIdentity = { device: deviceName(stat.dev), inode: stat.ino };
  const kernels = kernelIdentityOf(fd, stat, pid);
  return kernels && !isSame(kernels, asked) ? [asked, kernels] : [asked];
}

let ownNamespace: number | undefined;

function ownMountNamespace(): number {
  ownNamespace ??= Number(/\d+/.exec(readlinkSync('/proc/self/ns/mnt'))?.[0]);
  return ownNamespace;
}

let mounts: readonly { readonly point: string; readonly type: string }[] = [];
let mountsReadMs = Number.NEGATIVE_INFINITY;

/** What the file system of a path is like, by the longest mount point above it. */
function mountsOf(process: number | 'self', path: string): 'quick' | 'slow' {
  let known = mounts;
  if (process !== 'self') {
    known = readMounts(`/proc/${process}/mountinfo`);
  } else if (Date.now() - mountsReadMs >= MOUNTS_INTERVAL_MS) {
    mountsReadMs = Date.now();
    known = mounts = readMounts('/proc/self/mountinfo');
  }
  let above = { point: '', type: '' };
  for (const mount of known)
    if (mount.point.length >= above.point.length && isBelow(path, mount.point)) above = mount;
  return above.type === '' || SLOW.test(above.type) ? 'slow' : 'quick';
}

function isBelow(path: string, point: string): boolean {
  return point === '/' || path === point || path.startsWith(`${point}/`);
}

/** mountinfo(5): the mount point is field 5, with blanks as \040; the type follows the "-". */
function readMounts(file: string): { point: string; type: string }[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // the process has ended
  }
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    const type = after.split(' ')[0];
    return point && type ? [{ point: unescaped(point), type }] : [];
  });
}

function unescaped(point: string): string {
  return point.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
