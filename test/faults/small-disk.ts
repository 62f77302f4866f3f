/** Real file systems small enough to be filled, and apt to fail. Mounting them needs root. */

import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const MIB = 1024 * 1024;

export interface SmallDisk {
  /** Folder on it for a state. */
  readonly state: string;
  readonly mount: string;
  /** Takes all the room there is. */
  fill(): void;
  /** Gives it back. */
  free(): void;
  remove(): void;
}

export function smallTmpfs(bytes: number): SmallDisk {
  return mounted(['-t', 'tmpfs', '-o', `size=${bytes}`, 'none'], () => {});
}

export interface ImageDisk extends SmallDisk {
  /** What ext4 does on an I/O error of its journal: from now on everything is refused with EROFS or EIO. */
  abort(): void;
  /** Mounted anew, which fails while anything of it is open. */
  remount(): void;
}

/** ext4 in a file of its own. */
export function smallExt4(bytes: number): ImageDisk {
  const base = mkdtempSync(join(tmpdir(), 'small-image-'));
  const image = join(base, 'image');
  makeSparse(image, bytes);
  execFileSync('mkfs.ext4', ['-q', image]);
  return imageDisk(image, 'loop', () => rmSync(base, { recursive: true }));
}

/**
 * ext4 without a journal in a sparse file on `host`: writes go to the page cache and succeed, and fail where the file's
 * own disk is full, which only fdatasync tells. The file system's own blocks are written now, so only those of files
 * can be refused later.
 */
export function sparseExt4(host: SmallDisk, bytes: number): ImageDisk {
  const image = join(host.mount, 'image');
  makeSparse(image, bytes);
  const options = ['-O', '^has_journal,^uninit_bg', '-N', '1024', '-E', 'lazy_itable_init=0,nodiscard'];
  execFileSync('mkfs.ext4', ['-q', ...options, image]);
  return imageDisk(image, 'loop,errors=continue', () => {});
}

function makeSparse(path: string, bytes: number): void {
  closeSync(openSync(path, 'w'));
  truncateSync(path, bytes);
}

function imageDisk(image: string, options: string, removed: () => void): ImageDisk {
  const disk = mounted(['-o', options, image], removed);
  return {
    ...disk,
    abort: () => execFileSync('mount', ['-o', 'remount,abort', disk.mount]),
    remount() {
      execFileSync('umount', [disk.mount]);
      execFileSync('mount', ['-o', options, image, disk.mount]);
    },
  };
}

function mounted(args: readonly string[], removed: () => void): SmallDisk {
  const base = mkdtempSync(join(tmpdir(), 'small-disk-'));
  const mount = join(base, 'mount');
  mkdirSync(mount);
  execFileSync('mount', [...args, mount]);
  const filler = join(mount, 'filler');
  return {
    state: join(mount, 'state'),
    mount,
    fill() {
      const file = openSync(filler, 'a');
      try {
        for (let bytes = MIB; bytes >= 1; bytes = Math.floor(bytes / 2)) while (append(file, bytes));
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler),
    remove() {
      execFileSync('umount', ['--lazy', mount]);
      rmSync(base, { recursive: true });
      removed();
    },
  };
}

function append(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes, 1)) === bytes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return false;
    throw error;
  }
}
