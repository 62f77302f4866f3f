/**
 * Who stands above a process outside every session. The kernel tells of its exec, not of its fork: where a parent
 * forked and never ran a program, /proc is asked while it lives.
 */

import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessRef } from '../../sensors/event.ts';
import type { Process, Program } from './processes.ts';

/** Ancestors looked at. A cron job is three below its daemon, a service of D-Bus two. */
const MAX_STEPS = 8;

export interface Ancestor {
  readonly pid: number;
  /** Name of its executable; empty where nothing tells it. */
  readonly name: string;
}

/** Nearest first. */
export function ancestorsOf(
  process: Process,
  processOf: (ref: ProcessRef) => Process | undefined,
): readonly Ancestor[] {
  const ancestors: Ancestor[] = [];
  let above = process.creator && processOf(process.creator);
  let pid = process.creator?.pid ?? 0;
  while (pid > 0 && ancestors.length < MAX_STEPS) {
    ancestors.push({ pid, name: above?.program?.executableName || executableNameOf(pid) });
    const next: ProcessRef | undefined = above?.creator;
    above = next && processOf(next);
    pid = next?.pid ?? parentOf(pid);
  }
  return ancestors;
}

/** What a process runs now, of one that no exec told of; undefined when it has ended. */
export function runningProgram(pid: number): Program | undefined {
  try {
    const executablePath = readlinkSync(`/proc/${pid}/exe`);
    return {
      executablePath,
      executableName: executablePath.slice(executablePath.lastIndexOf('/') + 1),
      args: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1),
      workingDirectory: readlinkSync(`/proc/${pid}/cwd`),
    };
  } catch {
    return undefined; // ended, or a kernel thread
  }
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
  } catch {
    return 0; // it has ended: the line ends here
  }
}

function executableNameOf(pid: number): string {
  try {
    const path = readlinkSync(`/proc/${pid}/exe`);
    return path.slice(path.lastIndexOf('/') + 1);
  } catch {
    return ''; // ended, or a kernel thread
  }
}
