import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Opens a regular file to read, and nothing else: a FIFO put in its place would be waited for until somebody writes.
 * @returns a descriptor, to be closed
 * @throws Error of the kernel, or with code "not a regular file"
 */
export function openRegular(path: string): number {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  const code = 'not a regular file';
  throw Object.assign(new Error(`cannot read ${path}: ${code}`), { code, syscall: 'open', path });
}

/** A file's bytes, or undefined when there is no such file; any other trouble is thrown. */
export function readIfThere(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openRegular(path);
    return readFileSync(file);
  } catch (error) {
    // ESRCH: a process that ended between open and read of its file in /proc.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/**
 * Puts a whole new content in place of a file, so that after a power cut there is the old one or the new one.
 * The bytes are on disk before the name points to them, and the name before this returns.
 */
export function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): void {
  const next = `${path}.next`;
  rmSync(next, { force: true }); // one that a crash left keeps the mode it had
  const file = openSync(next, 'w', mode);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  syncDirectory(dirname(path));
}

/** Makes a folder, and those above it that are missing; when this returns no power cut takes them. */
export function makeFolder(path: string): void {
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made === undefined) return;
  // Up to the one that was there before: a name lasts when the folder it stands in was synced.
  for (let folder = resolve(path); folder.length >= made.length; folder = dirname(folder))
    syncDirectory(dirname(folder));
}

/** Makes names in a folder (new, renamed, removed files) survive a power cut. */
export function syncDirectory(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
