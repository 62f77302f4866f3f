/** A process that runs already, as the facts of the exec that started it, read from /proc. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createProcessFiles, type ProcessFiles } from './process-files.ts';
import type { ExecFacts } from './recognition.ts';

/** The file system as each process sees it: our own, or the one below /proc/PID/root in another mount namespace or chroot. */
export function createFilesOf(procRoot = '/proc'): (pid: number, mountNamespace?: number) => ProcessFiles {
  const ownNamespace = link(`${procRoot}/self/ns/mnt`);
  return (pid, mountNamespace) => {
    const namespace =
      mountNamespace === undefined ? link(`${procRoot}/${pid}/ns/mnt`) : `mnt:[${mountNamespace}]`;
    const isOurs = namespace === ownNamespace && link(`${procRoot}/${pid}/root`) === '/';
    // A process that is gone has no root any more; most often it had ours.
    const root = isOurs || link(`${procRoot}/${pid}/root`) === undefined ? '' : `${procRoot}/${pid}/root`;
    return createProcessFiles(root, pid, procRoot);
  };
}

/** Ids of all processes. */
export function runningPids(procRoot = '/proc'): number[] {
  return readdirSync(procRoot)
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

export interface RunningProcess {
  readonly exec: ExecFacts;
  readonly userId: number;
  readonly parentPid: number;
}

/** @returns undefined for kernel threads and for what is gone */
export function runningProcess(
  pid: number,
  homeOf: (userId: number) => string | undefined,
  procRoot = '/proc',
): RunningProcess | undefined {
  const executable = link(`${procRoot}/${pid}/exe`);
  const status = text(`${procRoot}/${pid}/status`);
  const userId = Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status ?? '')?.[1]);
  const parentPid = Number(/^PPid:\s*(\d+)/m.exec(status ?? '')?.[1]);
  if (executable === undefined || Number.isNaN(userId)) return undefined;
  const path = executable.replace(/ \(deleted\)$/, '');
  return {
    exec: {
      pid,
      executable: path,
      calledPath: path,
      args: text(`${procRoot}/${pid}/cmdline`)?.split('\0').slice(0, -1) ?? [],
      workingDirectory: link(`${procRoot}/${pid}/cwd`) ?? '/',
      home: homeOf(userId),
    },
    userId,
    parentPid,
  };
}

function link(path: string): string | undefined {
  return attempt(() => readlinkSync(path));
}

function text(path: string): string | undefined {
  return attempt(() => readFileSync(path, 'utf8'));
}

function attempt<T>(question: () => T): T | undefined {
  try {
    return question();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).errno === undefined) throw error;
    return undefined;
  }
}
