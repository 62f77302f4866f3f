/** Marks what a session does to Spoor itself: to its process, its state folder, its settings, its program. */

import { realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Event } from '../event.ts';
import { builtinRules } from './pack.ts';

export type WatcherPart =
  | 'process'
  | 'key'
  | 'state'
  | 'configuration'
  | 'program'
  | 'rules'
  | 'pins'
  | 'cgroup';

export interface WatcherPlaces {
  /** The collector's process. */
  readonly pid: number;
  /** Its state folder; the host key lies in key/ of it. */
  readonly state: string;
  /** Folders and files of the other parts. */
  readonly places: Readonly<Partial<Record<WatcherPart, readonly string[]>>>;
  /** Inodes of the mount namespaces in which the collector and the host see those places. */
  readonly mounts: readonly number[];
}

/** Says which part of Spoor an event's act was on. */
export type MarkWatcher = (event: Event) => void;

export function createMarkWatcher({ pid, state, places, mounts }: WatcherPlaces): MarkWatcher {
  // The narrower place first: the key lies within the state folder.
  const folders: readonly (readonly [string, WatcherPart])[] = [
    ...bothWays(join(state, 'key')).map((path) => [path, 'key'] as const),
    ...bothWays(state).map((path) => [path, 'state'] as const),
    ...(Object.entries(places) as [WatcherPart, readonly string[]][]).flatMap(([part, paths]) =>
      paths.flatMap(bothWays).map((path) => [path, part] as const),
    ),
    [`/proc/${pid}`, 'process'],
  ];

  function partOf(path: string): WatcherPart | undefined {
    for (const [folder, part] of folders)
      if (path.startsWith(folder) && (path.length === folder.length || path[folder.length] === '/'))
        return part;
    return undefined;
  }

  /** A folder that was moved took the part in it along; one that is mounted over hides it. */
  function partBelow(path: string): WatcherPart | undefined {
    return folders.find(([folder]) => folder.startsWith(`${path}/`))?.[1];
  }

  /** Mounted over a folder above it. In a namespace of its own, as every sandbox makes one, that hides nothing here. */
  function partHidden({ attributes }: Event, path: string): WatcherPart | undefined {
    const request = attributes['spoor.syscall.request'] ?? '';
    const hides =
      mounts.includes(Number(attributes['spoor.mount.namespace'] ?? 0)) &&
      HIDING.includes(attributes['spoor.syscall.name'] ?? '') &&
      !STAYING.includes(request);
    if (!hides) return undefined;
    const moved = request === 'move' ? attributes['spoor.mount.source'] : undefined;
    return partBelow(path) ?? (moved === undefined ? undefined : partBelow(moved));
  }

  function partMounted(event: Event): WatcherPart | undefined {
    const { 'file.path': path, 'spoor.mount.source': source } = event.attributes;
    // As the caller wrote it: /var/lib/./spoor and /tmp/../var/lib/spoor too.
    const over = path === undefined ? '' : resolve(path);
    return partOf(over) ?? partOf(source ?? '') ?? partHidden(event, over);
  }

  return (event) => {
    const { name, attributes } = event;
    if (name === 'security.mount') {
      const part = partMounted(event);
      if (part) attributes['spoor.watcher.part'] = part;
      return;
    }
    if (name.startsWith('security.')) {
      if (attributes['spoor.target.pid'] === pid) attributes['spoor.watcher.part'] = 'process';
      return;
    }
    const path = attributes['file.path'];
    if (path === undefined || !name.startsWith('file.')) return;
    const previous = attributes['spoor.file.previous_path'];
    const part =
      partOf(path) ??
      // Moved away, or given a second name elsewhere.
      (previous === undefined ? undefined : (partOf(previous) ?? partBelow(previous)));
    if (part) attributes['spoor.watcher.part'] = part;
  };
}

/** Calls after which something else is seen at a path than before. */
const HIDING: readonly string[] = ['mount', 'move_mount', 'umount2'];
/** What mount(2) is asked for where what is seen stays. */
const STAYING: readonly string[] = ['remount', 'propagation'];

/** The mount namespaces of this process and of the one that the host was started with. */
export function mountNamespaces(): number[] {
  return ['self', '1'].flatMap((process) => {
    try {
      return [statSync(`/proc/${process}/ns/mnt`).ino];
    } catch {
      // Not for everybody to see: what is mounted there cannot be told from what is mounted elsewhere.
      return [];
    }
  });
}

/** Where the package has it. */
const COMMAND = '/usr/bin/spoor';

/** Where this program and its rules lie. */
export function ownPlaces(): WatcherPlaces['places'] {
  const rules = builtinRules();
  const program = dirname(rules);
  const parts = ['dist', 'bin', 'build/linux', 'node_modules'].map((part) => join(program, part));
  return { program: [...parts, COMMAND], rules: [rules] };
}

/** A path as it is written and as the kernel names it, links resolved. */
export function bothWays(path: string): string[] {
  const written = resolve(path);
  try {
    return [...new Set([written, realpathSync(written)])];
  } catch {
    // It is not there (yet): then no link leads to it.
    return [written];
  }
}
