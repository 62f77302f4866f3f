/** The kernel's side of the watch: opened so that it outlives this process where the host has a place for it. */

import { statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { openLinuxSensor } from '../../sensors/linux/sensor.ts';
import type { Sensor } from '../../sensors/sensor.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { type Attributes, type Event, SEVERITY } from '../event.ts';
import { newUid } from '../uid.ts';
import type { OwnLog } from './own-log.ts';

/** statfs(2), BPF_FS_MAGIC. */
const BPF_FILE_SYSTEM = 0xcafe4a11;

/** @throws SensorError when this host cannot be watched, or another service has the watch */
export function openWatch(
  { sensor: { ringBytes, keep } }: Configuration,
  lossTold: ReadonlyMap<string, bigint>,
  log: OwnLog,
): Sensor {
  if (keep === undefined) return openLinuxSensor({ ringBytes });
  if (isInBpfFileSystem(keep)) return openLinuxSensor({ ringBytes, keepAt: keep, lossTold });
  log.warn(
    {
      keep,
      mend: `mount -t bpf bpf ${dirname(keep)}`,
    },
    'a restart will leave a gap: there is no bpf file system to keep the watch in',
  );
  return openLinuxSensor({ ringBytes });
}

function isInBpfFileSystem(path: string): boolean {
  for (const folder of [path, dirname(path)])
    try {
      return statfsSync(folder).type === BPF_FILE_SYSTEM;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  return false;
}

/** What a service says of the watch that it begins with: how it was found, and what of it nobody will ever read. */
export function describeWatch(sensor: Sensor, sessions: number): Event[] {
  const { kept } = sensor;
  if (!kept) return [];
  return [
    ownEvent('sensor.watch', SEVERITY.info, {
      'spoor.sensor.name': sensor.facts.name,
      'spoor.sensor.tier': sensor.facts.tier,
      'spoor.watch.found': kept.found,
      'spoor.watch.sessions': sessions,
      'spoor.watch.attached_again': kept.attachedAgain.length > 0 ? kept.attachedAgain : undefined,
    }),
    ...[...kept.untold].map(([event, count]) =>
      ownEvent('sensor.gap', SEVERITY.warn, {
        'spoor.gap.event': event,
        'spoor.gap.count': count,
        'spoor.gap.cause': kept.found === 'same' ? 'restart' : 'upgrade',
      }),
    ),
  ];
}

function ownEvent(name: 'sensor.watch' | 'sensor.gap', severity: number, attributes: Attributes): Event {
  const timeMs = Date.now();
  return {
    name,
    uid: newUid(timeMs),
    timeNs: BigInt(timeMs) * 1_000_000n,
    severity,
    traceId: '',
    spanId: '',
    attributes,
    seen: undefined,
  };
}
