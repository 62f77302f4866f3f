/** A recording of a sensor (docs/recordings.md) as the events it becomes: who did what, under the registry's names. */

import { readRecording } from '../sensors/replay/replay.ts';
import { createAttribute } from './attribute/attribute.ts';
import type { Event } from './event.ts';

/**
 * All events of the recording, in its order, ready to be judged. Files are not hashed: those of the recording are not
 * here. What is left of the file system is asked for nothing but the names of users.
 * @throws SensorError naming file, line and cause
 */
export function recordedEvents(file: string): Event[] {
  const { head, events } = readRecording(file);
  const attribute = createAttribute(head.facts, () => head.wallOffsetNs);
  const first = events.find((event) => 'session' in event && event.session !== 0);
  if (head.agent && first && 'session' in first) {
    const { name, version } = head.agent;
    attribute.plan({
      tag: first.session,
      startedBy: 'recording',
      agent: { name, version },
      launcherPid: undefined,
    });
  }
  return attribute.stage([...events]);
}
