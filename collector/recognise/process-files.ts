/**
 * The file system as one process sees it, for the few questions that recognition asks.
 *
 * Another mount namespace is entered through /proc/PID/root. Links are resolved here, one by one: the kernel
 * would follow an absolute link found below /proc/PID/root into our own root (namei restarts at current->fs->root).
 * What is asked for is chosen by the process under suspicion, so a FIFO, a device or a huge file must not hold us up.
 */

import {
  closeSync,
  constants,
  fstatSync,
  opendirSync,
  openSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { posix } from 'node:path';

/** Bytes of one text file read. package.json of the largest agent has 40 kB; past it the file counts as absent. */
export const MAX_TEXT_BYTES = 1024 * 1024;

/** Bytes of /proc/PID/environ read; a longer environment is searched in its first part only. */
const MAX_ENVIRONMENT_BYTES = 256 * 1024;

/** Links followed on the way to one file, as the kernel does (MAXSYMLINKS, include/linux/namei.h). */
const MAX_LINKS = 40;

/** Entries of a folder read; a larger folder (site-packages with 5,000 packages) is searched in its first part only. */
const MAX_ENTRIES = 20_000;

/** Of a folder, read by one call. */
const ENTRIES_A_CALL = 256;

export interface FileStamp {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly sizeBytes: number;
  readonly device: number;
  readonly inode: number;
  /** Milliseconds since the epoch, with fractions. */
  readonly changeMs: number;
  readonly ownerId: number;
}

export interface ProcessFiles {
  /** Names the root: answers of two readers with the same root may be shared. */
  readonly root: string;
  /** Text of a regular file of at most MAX_TEXT_BYTES; undefined when there is none or it cannot be read. */
  readText(path: string): string | undefined;
  /** The first `length` bytes from `offset`; undefined when there is no such regular file. */
  readBytes(path: string, offset: number, length: number): Buffer | undefined;
  /** Absolute path with all links resolved; undefined when something is missing on the way. */
  realPath(path: string): string | undefined;
  /** What the path leads to, links followed. */
  stamp(path: string): FileStamp | undefined;
  /** Names in a folder, in no order; empty when there is none. */
  list(directory: string): readonly string[];
  /**
   * The environment the process was started with, NUL between the variables; undefined when it cannot be read. The
   * bytes are good until anybody's environment is asked for again.
   */
  environment(): Buffer | undefined;
  /** True when the process has a controlling terminal. */
  hasTerminal(): boolean;
}

/** What is not there is an answer; as an error it would cost 10 times as much. */
const NOTHING_THERE = { throwIfNoEntry: false } as const;

/** One for all: an environment is looked into at once, and 64 KiB made anew each time cost as much as the reading. */
const environmentBytes = Buffer.allocUnsafe(MAX_ENVIRONMENT_BYTES);

/** Paths below `root` ('' for the collector's own), with `pid` for the questions about the process itself. */
export function createProcessFiles(root: string, pid?: number, procRoot = '/proc'): ProcessFiles {
  const realPath = root === '' ? ownRealPath : (path: string) => realPathWithin(root, path);
  /** Where we must look for what the process calls `path`. */
  const located = (path: string) => {
    if (root === '') return path;
    const real = realPathWithin(root, path);
    return real === undefined ? undefined : root + real;
  };
  return {
    root,
    readText(path) {
      const place = located(path);
      return place === undefined
        ? undefined
        : readRegular(place, 0, MAX_TEXT_BYTES + 1, MAX_TEXT_BYTES)?.toString('utf8');
    },
    readBytes(path, offset, length) {
      const place = located(path);
      return place === undefined ? undefined : readRegular(place, offset, length, Number.POSITIVE_INFINITY);
    },
    realPath,
    stamp(path) {
      const place = located(path);
      if (place === undefined) return undefined;
      const stat = attempt(() => statSync(place, NOTHING_THERE));
      return stat && stampOf(stat);
    },
    list(directory) {
      const place = located(directory);
      if (place === undefined) return [];
      return attempt(() => namesIn(place)) ?? [];
    },
    environment() {
      if (pid === undefined) return undefined;
      return attempt(() => readEnvironment(`${procRoot}/${pid}/environ`));
    },
    hasTerminal() {
      if (pid === undefined) return false;
      // tty_nr is the 7th field; the 2nd, in parentheses, may hold anything (proc_pid_stat(5)).
      const stat = attempt(() => readFileSync(`${procRoot}/${pid}/stat`, 'latin1'));
      return stat !== undefined && stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] !== '0';
    },
  };
}

function ownRealPath(path: string): string | undefined {
  return attempt(() => realpathSync.native(path));
}

/** As realpath(3) would answer inside the root. `..` above the root stays at the root, as in a chroot. */
function realPathWithin(root: string, path: string): string | undefined {
  const waiting = path.split('/').reverse();
  let real = '';
  let links = 0;
  while (waiting.length > 0) {
    const part = waiting.pop() as string;
    if (part === '' || part === '.') continue;
    if (part === '..') {
      real = posix.dirname(real === '' ? '/' : real);
      if (real === '/') real = '';
      continue;
    }
    const next = `${real}/${part}`;
    const target = linkTarget(root + next);
    if (target === undefined) return undefined;
    if (target === '') {
      real = next;
      continue;
    }
    if (++links > MAX_LINKS) return undefined;
    if (target.startsWith('/')) real = '';
    waiting.push(...target.split('/').reverse());
  }
  return real === '' ? '/' : real;
}

/** Target of a link, '' for what is there and no link, undefined for what is not there. */
function linkTarget(place: string): string | undefined {
  try {
    return readlinkSync(place);
  } catch (error) {
    // readlink(2) says EINVAL for everything that exists and is no link.
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return '';
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return undefined;
  }
}

/** procfs fills the buffer as far as the environment goes, in one read (environ_read, fs/proc/base.c). */
function readEnvironment(place: string): Buffer {
  const descriptor = openSync(place, constants.O_RDONLY);
  try {
    return environmentBytes.subarray(0, readSync(descriptor, environmentBytes, 0, MAX_ENVIRONMENT_BYTES, 0));
  } finally {
    closeSync(descriptor);
  }
}

/** The first of them only: whoever is looked at chooses the folder, and one of millions would be read for seconds. */
function namesIn(place: string): string[] {
  const folder = opendirSync(place, { bufferSize: ENTRIES_A_CALL });
  try {
    const names: string[] = [];
    for (let entry = folder.readSync(); entry && names.length < MAX_ENTRIES; entry = folder.readSync())
      names.push(entry.name);
    return names;
  } finally {
    folder.closeSync();
  }
}

/** O_NONBLOCK: opening a FIFO would wait for a writer that never comes. */
function readRegular(place: string, offset: number, length: number, mostBytes: number): Buffer | undefined {
  return attempt(() => {
    const descriptor = openSync(place, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    try {
      const stat = fstatSync(descriptor);
      if (!stat.isFile() || stat.size > mostBytes) return undefined;
      const bytes = Buffer.alloc(Math.min(length, Math.max(0, stat.size - offset)));
      return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, offset));
    } finally {
      closeSync(descriptor);
    }
  });
}

function stampOf(stat: Stats): FileStamp {
  return {
    isFile: stat.isFile(),
    isDirectory: stat.isDirectory(),
    sizeBytes: stat.size,
    device: stat.dev,
    inode: stat.ino,
    changeMs: stat.ctimeMs,
    ownerId: stat.uid,
  };
}

/** Undefined for what the file system refuses (gone, denied, a loop): to recognition all of that is "not there". */
function attempt<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return undefined;
  }
}
