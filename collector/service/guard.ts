/**
 * What of this service a session must not lay hands on, as the kernel knows it: the process, and the folders and files
 * that its rules call its own (collector/detect/watcher.ts). Where the kernel can refuse it, it does.
 */

import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type GuardedFile, type Sensor, SensorError } from '../../sensors/sensor.ts';
import type { Configuration } from '../configuration/configuration.ts';
import { bothWays, type WatcherPlaces } from '../detect/watcher.ts';
import { deviceName, kernelIdentityOf } from '../file-identity.ts';
import type { OwnLog } from './own-log.ts';

/** open(2): looks the file up and opens nothing, not even what a link leads to. */
const O_PATH = 0o10000000;
const { O_NOFOLLOW } = constants;

export interface GuardNeeds {
  readonly sensor: Sensor;
  readonly configuration: Pick<Configuration, 'protect' | 'state'>;
  readonly places: WatcherPlaces['places'];
  readonly log: OwnLog;
}

/** @returns whether sessions are refused what would blind or end this service, for the line that says that it watches */
export function guardOurselves({ sensor, configuration, places, log }: GuardNeeds): 'refused' | 'reported' {
  const { protect, state } = configuration;
  const self = sensor.running().find(({ process: { pid } }) => pid === process.pid)?.process;
  if (!sensor.guard || !self) return 'reported';
  if (protect === 'report') {
    sensor.guard('nothing');
    return 'reported';
  }
  let missing: readonly string[] | undefined;
  try {
    missing = sensor.guard({ process: self, files: guardedFiles(state, places) });
  } catch (error) {
    // Better watched and not refused than not watched at all.
    if (!(error instanceof SensorError)) throw error;
    log.warn({ cause: error.message }, 'acts on this service are reported and not refused');
    return 'reported';
  }
  if (missing && missing.length > 0)
    log.warn({ missing: missing.join(', ') }, 'some acts on this service are reported and not refused');
  return missing ? 'refused' : 'reported';
}

/**
 * Each place, what lies above it, and the folder of the key; a place that is not there cannot be guarded. Where links lead
 * to a place, they and the place itself.
 */
function guardedFiles(state: string, places: WatcherPlaces['places']): GuardedFile[] {
  const inside = [state, ...Object.values(places).flat()].flatMap(bothWays);
  const above = inside.flatMap(foldersAbove);
  return [
    ...inside.flatMap((path) => guardedFile(path, 'inside')),
    ...bothWays(join(state, 'key')).flatMap((path) => guardedFile(path, 'secret')),
    ...[...new Set(above)].flatMap((path) => guardedFile(path, 'above')),
  ];
}

function foldersAbove(path: string): string[] {
  const above = dirname(path);
  return above === path ? [] : [above, ...foldersAbove(above)];
}

function guardedFile(path: string, as: GuardedFile['as']): GuardedFile[] {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
  try {
    const stat = fstatSync(fd, { bigint: true });
    const known = kernelIdentityOf(fd, stat, process.pid) ?? {
      device: deviceName(stat.dev),
      inode: stat.ino,
    };
    return [{ ...known, as }];
  } finally {
    closeSync(fd);
  }
}
