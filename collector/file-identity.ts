/**
 * Is an open file the one that the kernel saw? Device and inode as the kernel holds them (`inode->i_sb->s_dev`,
 * `inode->i_ino`) are not always what stat(2) answers: overlayfs answers with the layer's device, btrfs with the
 * subvolume's. /proc/self/fdinfo and mountinfo(5) give the kernel's own numbers, so they decide where stat does not.
 */

import { type BigIntStats, readFileSync } from 'node:fs';

export interface FileIdentity {
  /** "major:minor" of the super block. */
  readonly device: string;
  readonly inode: bigint;
}

/** @param pid a process in whose mount namespace the file was opened, which may have gone */
export function isSameFile(fd: number, stat: BigIntStats, wanted: FileIdentity, pid: number): boolean {
  if (stat.ino === wanted.inode && deviceName(stat.dev) === wanted.device) return true;
  const kernels = kernelIdentityOf(fd, stat, pid);
  return kernels?.inode === wanted.inode && kernels.device === wanted.device;
}

/** Undefined where nothing tells the mount that the file was opened through. */
export function kernelIdentityOf(fd: number, stat: BigIntStats, pid: number): FileIdentity | undefined {
  const info = textOf(`/proc/self/fdinfo/${fd}`);
  // fdinfo names the kernel's inode since Linux 5.14; before that, stat's is all there is.
  const inode = BigInt(fieldOf(info, 'ino') ?? stat.ino);
  const mount = fieldOf(info, 'mnt_id');
  if (mount === undefined) return undefined;
  const device =
    deviceOfMount(`/proc/${pid}/mountinfo`, mount) ?? deviceOfMount('/proc/self/mountinfo', mount);
  return device === undefined ? undefined : { device, inode };
}

/** The bits of a 64-bit dev_t, as glibc's gnu_dev_major and gnu_dev_minor take them apart. */
export function deviceName(dev: bigint): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
  const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

/** proc(5), /proc/PID/fdinfo: lines of "name:<blanks>value". */
function fieldOf(info: string, name: string): string | undefined {
  for (const line of info.split('\n')) {
    if (line.startsWith(`${name}:`)) return line.slice(name.length + 1).trim();
  }
  return undefined;
}

/** mountinfo(5): "mount-id parent-id major:minor ...". */
function deviceOfMount(file: string, mountId: string): string | undefined {
  for (const line of textOf(file).split('\n')) {
    const [id, , device] = line.split(' ', 3);
    if (id === mountId) return device;
  }
  return undefined;
}

/** Empty where the file cannot be read: the process has gone, and then it proves nothing. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return '';
  }
}
