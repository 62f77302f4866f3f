import { linkSync, readFileSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { readIfThere } from './files.ts';
import { lockPath } from './tiles.ts';

/**
 * One writer a log. The lock is a file that names its owner; it is taken by link(2), which makes name and
 * content in one step or fails. An owner is dead when its pid is gone, or belongs to a process that started
 * at another time or in another boot; then the lock is taken over. Pids are those of this pid namespace:
 * a writer in another container is not seen, so one state folder belongs to one container.
 */

interface Owner {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat: start of the process in clock ticks since boot. */
  readonly startTicks: string;
  readonly bootId: string;
  readonly command: string;
}

/** Another process writes this log; names it. */
export class LockError extends Error {
  override readonly name = 'LockError';
}

export interface Lock {
  release(): void;
}

/** @throws LockError when a living process holds the log, or its folder takes no file */
export function takeLock(directory: string): Lock {
  try {
    return lockOf(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new LockError(
      `${directory} takes no lock file (${code}); see to its disk and mode, or use another --state`,
    );
  }
}

function lockOf(directory: string): Lock {
  const path = lockPath(directory);
  const self = JSON.stringify(selfAsOwner());
  const mine = `${path}.${process.pid}`;
  try {
    writeFileSync(mine, self, { mode: 0o600 });
    while (!tryLink(mine, path)) removeIfStale(path, directory);
  } finally {
    rmSync(mine, { force: true });
  }
  return {
    release(): void {
      // Only our own: a lock that somebody replaced is not ours to remove.
      if (readIfThere(path)?.toString() === self) unlinkSync(path);
    },
  };
}

/** The living writer of a log, for messages; undefined when nobody writes. */
export function livingWriter(directory: string): { pid: number; command: string } | undefined {
  const content = readIfThere(lockPath(directory))?.toString();
  const owner = content === undefined ? undefined : parseOwner(content);
  return owner && isAlive(owner) ? owner : undefined;
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function removeIfStale(path: string, directory: string): void {
  const content = readIfThere(path)?.toString();
  if (content === undefined) return;
  const owner = parseOwner(content);
  if (owner && isAlive(owner))
    throw new LockError(
      `${directory} is being written by process ${owner.pid} (${owner.command}); end it first, or use another --state`,
    );
  // Two processes may find the same dead owner. What was moved away is looked at again: if the other one was
  // quicker, it is the other's new lock, and it is put back.
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readFileSync(aside, 'utf8') !== content) tryLink(aside, path);
  unlinkSync(aside);
}

function selfAsOwner(): Owner {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid) ?? '',
    bootId: bootId(),
    command: process.argv.slice(1, 4).join(' '),
  };
}

function isAlive(owner: Owner): boolean {
  return owner.bootId === bootId() && startTicksOf(owner.pid) === owner.startTicks;
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

function startTicksOf(pid: number): string | undefined {
  const stat = readIfThere(`/proc/${pid}/stat`)?.toString();
  // The second field is the command in parentheses, which may hold blanks and parentheses of its own.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function parseOwner(content: string): Owner | undefined {
  try {
    const owner = JSON.parse(content) as Partial<Owner>;
    if (typeof owner.pid !== 'number' || typeof owner.startTicks !== 'string') return undefined;
    return {
      pid: owner.pid,
      startTicks: owner.startTicks,
      bootId: owner.bootId ?? '',
      command: owner.command ?? '',
    };
  } catch {
    return undefined; // Not JSON: nobody who could be alive wrote it, since link(2) gave name and content at once.
  }
}
