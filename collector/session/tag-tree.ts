import type { SessionTag } from '../../sensors/event.ts';
import { type Sensor, SensorError } from '../../sensors/sensor.ts';

/** Walks of the task list for one tree. A tree that still grows untagged branches then is a fork bomb; it is left so. */
const MAX_WALKS = 16;

/**
 * Tags a process and all its descendants that have the tag `from`. Repeats until nothing new is found: a process may
 * fork between the look at the tasks and its own tagging; from its tagging on, the kernel hands the tag on.
 *
 * What was handed to another parent (a daemon's double fork) before the tag is not found: the kernel keeps no trace
 * of who made it.
 * @returns false when the process had ended already
 */
export function tagTree(
  sensor: Pick<Sensor, 'tag' | 'running'>,
  rootPid: number,
  tag: SessionTag,
  from: SessionTag = 0,
): boolean {
  if (!tagUnlessGone(sensor, rootPid, tag)) return false;
  for (let walk = 0; walk < MAX_WALKS; walk++) {
    let tagged = 0;
    for (const pid of untaggedBelow(sensor, rootPid, from)) if (tagUnlessGone(sensor, pid, tag)) tagged++;
    if (tagged === 0) break;
  }
  return true;
}

function untaggedBelow(sensor: Pick<Sensor, 'running'>, rootPid: number, from: SessionTag): number[] {
  const children = new Map<number, { pid: number; session: SessionTag }[]>();
  for (const { process, parent, session } of sensor.running()) {
    const siblings = children.get(parent.pid);
    if (siblings) siblings.push({ pid: process.pid, session });
    else children.set(parent.pid, [{ pid: process.pid, session }]);
  }
  const found: number[] = [];
  const waiting = [rootPid];
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop())
    for (const child of children.get(pid) ?? []) {
      if (child.session === from) found.push(child.pid);
      waiting.push(child.pid);
    }
  return found;
}

function tagUnlessGone(sensor: Pick<Sensor, 'tag'>, pid: number, tag: SessionTag): boolean {
  try {
    sensor.tag(pid, tag);
    return true;
  } catch (error) {
    if (error instanceof SensorError) return false; // ended between the look and the tagging
    throw error;
  }
}
