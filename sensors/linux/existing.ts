/** Processes that were there before the sensor: who they are from the kernel's iterator, the rest from /proc. */

import { readFileSync, readlinkSync } from 'node:fs';
import type { ProcessExisting, ProcessRef } from '../event.ts';
import type { RunningProcess } from '../sensor.ts';
import { TASK_EXISTING, TASK_MEMBER } from './generated/layout.ts';
import { splitArguments } from './text.ts';

/** Ticks of /proc/<pid>/stat: USER_HZ, 100 a second on every architecture of Linux but alpha. */
const TICK_NS = 10_000_000n;
/** Field 22 of /proc/<pid>/stat, counted from behind the name in parentheses, which may hold anything. */
const START_FIELD = 19;

interface FromProc {
  readonly executable: Buffer;
  readonly args: readonly Buffer[];
  readonly workingDirectory: Buffer;
}

const UNKNOWN: FromProc = { executable: Buffer.alloc(0), args: [], workingDirectory: Buffer.alloc(0) };

/** Undefined when the process is gone, or the pid is another's by now. */
function readProc(process: ProcessRef): FromProc | undefined {
  const folder = `/proc/${process.pid}`;
  try {
    const found: FromProc = {
      executable: readlinkSync(`${folder}/exe`, { encoding: 'buffer' }),
      args: splitArguments(readFileSync(`${folder}/cmdline`)),
      workingDirectory: readlinkSync(`${folder}/cwd`, { encoding: 'buffer' }),
    };
    const stat = readFileSync(`${folder}/stat`, 'latin1');
    const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD];
    return start === String(process.startNs / TICK_NS) ? found : undefined;
  } catch (error) {
    // Ended meanwhile (ENOENT, ESRCH) or a zombie, which has neither files nor memory: its identity is all there is.
    if (
      error instanceof Error &&
      'code' in error &&
      ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code))
    )
      return undefined;
    throw error;
  }
}

function processAt(answer: DataView, at: number, offset: { start_ns: number; pid: number }): ProcessRef {
  return {
    pid: answer.getUint32(at + offset.pid, true),
    startNs: answer.getBigUint64(at + offset.start_ns, true),
  };
}

function viewOf(answer: Buffer): DataView {
  return new DataView(answer.buffer, answer.byteOffset, answer.byteLength);
}

/** One event for each struct task_existing. What /proc no longer tells is empty. */
export function existingOf(answer: Buffer, bootNs: bigint): ProcessExisting[] {
  const view = viewOf(answer);
  const events: ProcessExisting[] = [];
  for (let at = 0; at + TASK_EXISTING.sizeBytes <= answer.length; at += TASK_EXISTING.sizeBytes) {
    const u32 = (offset: number) => view.getUint32(at + offset, true);
    const process = processAt(view, at, TASK_EXISTING.process);
    const found = u32(TASK_EXISTING.kernel_thread) ? undefined : readProc(process);
    events.push({
      kind: 'process.existing',
      bootNs,
      process,
      threadId: process.pid,
      session: u32(TASK_EXISTING.session),
      parent: processAt(view, at, TASK_EXISTING.parent),
      credentials: {
        uid: u32(TASK_EXISTING.uid),
        euid: u32(TASK_EXISTING.euid),
        gid: u32(TASK_EXISTING.gid),
        egid: u32(TASK_EXISTING.egid),
      },
      ...(found ?? UNKNOWN),
    });
  }
  return events;
}

/** The same answers without a look at /proc; kernel threads left out. */
export function runningOf(answer: Buffer): RunningProcess[] {
  const view = viewOf(answer);
  const running: RunningProcess[] = [];
  for (let at = 0; at + TASK_EXISTING.sizeBytes <= answer.length; at += TASK_EXISTING.sizeBytes)
    if (view.getUint32(at + TASK_EXISTING.kernel_thread, true) === 0)
      running.push({
        process: processAt(view, at, TASK_EXISTING.process),
        parent: processAt(view, at, TASK_EXISTING.parent),
        session: view.getUint32(at + TASK_EXISTING.session, true),
        around: view.getUint32(at + TASK_EXISTING.around, true),
      });
  return running;
}

export function membersOf(answer: Buffer): ProcessRef[] {
  const view = viewOf(answer);
  const members: ProcessRef[] = [];
  for (let at = 0; at + TASK_MEMBER.sizeBytes <= answer.length; at += TASK_MEMBER.sizeBytes)
    members.push(processAt(view, at, TASK_MEMBER.process));
  return members;
}
