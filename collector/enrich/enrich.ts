/**
 * Stage 2, enrich: what exactly was run or opened? SHA-256 of executables and of regular files; the utility that ran.
 *
 * Takes events in order. Those that need no hash, or one already known, come back at once, in order; the others
 * leave through `late` when their hash is there, so none holds up another. Only what a
 * process becomes next (its exec, its exit) stays behind what it still waits for. Every event leaves exactly once: with a hash, or with the reason why there is none.
 */

import { LRUCache } from 'lru-cache';
import type { FileClose, FileOpen, ProcessExec } from '../../sensors/event.ts';
import type { Event } from '../event.ts';
import type { Stage } from '../stage.ts';
import type { HashAnswer, HashWish, MissingReason } from './hash-file.ts';
import { createHashers } from './hashers.ts';
import { createUtilities } from './utility.ts';

/** Hashes kept, by device, inode, change time and size. About 300 B each, so 10 MB; past it the least used goes. */
const MAX_HASHES = 32_768;
/** Events that wait for a hash, about 2 KB each. Past it an event leaves with the reason `busy`. */
const MAX_WAITING_EVENTS = 8_192;
/** Devices known to hold no contents (proc, sysfs); 100 B each. Past it one is asked again. */
const MAX_VIRTUAL_DEVICES = 256;
/** Names of one file tried while events wait for its hash; each costs an open. Past it the file counts as gone. */
const MAX_OTHER_NAMES = 8;

export interface HashLimits {
  /** Larger files are not read: reason `too_large`. */
  readonly maxFileBytes: bigint;
  readonly maxExecutableBytes: bigint;
}

export const DEFAULT_HASH_LIMITS: HashLimits = {
  // 64 MiB hash in 40 ms; past it lie disk images and model weights, each a second of a core.
  maxFileBytes: 64n * 2n ** 20n,
  // AI agents ship as one executable of 100 to 300 MB; their identity is worth 0.3 s, once a version.
  maxExecutableBytes: 512n * 2n ** 20n,
};

interface Version {
  readonly changeNs: bigint;
  readonly sizeBytes: bigint;
  readonly sha256: string;
}

export interface Enrich {
  readonly stage: Stage<Event, Event>;
  /** Resolves when no event waits; at the time-out those that still do leave with the reason `busy`. */
  flush(timeoutMs: number): Promise<void>;
  /** Threads held by a file system that does not answer; see {@link createHashers}. */
  hanging(): number;
  /** What still waits leaves with the reason `busy`. */
  stop(): void;
}

export function createEnrich(late: (batch: Event[]) => void, limits = DEFAULT_HASH_LIMITS): Enrich {
  const hashers = createHashers();
  const utilities = createUtilities(hashers, limits.maxExecutableBytes);
  /** By device and inode: the version hashed last. Older versions are of no use, no event can name them any more. */
  const known = new LRUCache<string, Version>({ max: MAX_HASHES });
  const virtualDevices = new LRUCache<string, true>({ max: MAX_VIRTUAL_DEVICES });
  /** Events by the version of the file they wait for: one hashing serves them all. */
  const waiting = new Map<string, Event[]>();
  /** By the same key: other names of the file, to be tried when the one looked at is not its name any more. */
  const otherNames = new Map<string, HashWish[]>();
  /** By entity id: how many events of a process wait for a hash, and its later execs and exit behind them. */
  const processes = new Map<string, { waiting: number; readonly behind: Event[] }>();
  let waitingEvents = 0;
  const flushed: (() => void)[] = [];

  /** True when the event may go on now. */
  function isReady(event: Event): boolean {
    const { seen } = event;
    if (seen?.kind === 'file.open') return isOpenReady(event, seen);
    if (seen?.kind === 'file.close') return isCloseReady(event, seen);
    if (seen?.kind !== 'process.exec' && seen?.kind !== 'process.exit') return true;
    const process = processes.get(entityOf(event));
    if (process && waitingEvents < MAX_WAITING_EVENTS) {
      process.behind.push(event);
      waitingEvents += 1;
      return false;
    }
    return seen.kind === 'process.exit' || isExecReady(event, seen);
  }

  function isOpenReady(event: Event, seen: FileOpen): boolean {
    const { attributes } = event;
    const device = attributes['spoor.file.device'];
    const inode = attributes['file.inode'];
    // A failed open has no file, so there is nothing to hash and nothing missing.
    if (device === undefined || inode === undefined) return true;
    if (attributes['spoor.file.type'] !== 'regular' || virtualDevices.has(device))
      return answer(event, 'not_regular');
    const { changeNs, sizeBytes } = seen;
    const hash = hashOf(device, inode, changeNs, sizeBytes);
    if (hash) {
      attributes['file.hash.sha256'] = hash;
      return true;
    }
    if (sizeBytes > limits.maxFileBytes) return answer(event, 'too_large');
    const path = seen.path.toString('latin1');
    const pid = Number(attributes['process.pid']);
    return wait(event, { role: 'opened', pid, path, device, inode: BigInt(inode), changeNs, sizeBytes });
  }

  /** What was written is hashed once it is whole: at the close, or when the process ended. */
  function isCloseReady(event: Event, seen: FileClose): boolean {
    const { attributes } = event;
    const wrote = seen.bytesWritten > 0n || seen.mapped.includes('write');
    if (!wrote || seen.cause === 'refresh') return true;
    const { device, inode } = seen.file;
    if (seen.type !== 'regular' || virtualDevices.has(device)) return answer(event, 'not_regular');
    if (seen.path.length === 0) return answer(event, 'gone');
    const path = seen.path.toString('latin1');
    const pid = Number(attributes['process.pid']);
    const sizeBytes = limits.maxFileBytes;
    return wait(event, { role: 'written', pid, path, device, inode, changeNs: 'current', sizeBytes });
  }

  function isExecReady(event: Event, seen: ProcessExec): boolean {
    const { attributes } = event;
    const { device, inode } = seen.executableFile;
    const { executableChangeNs: changeNs, executableSizeBytes: sizeBytes } = seen;
    const hash = hashOf(device, String(inode), changeNs, sizeBytes);
    if (hash && !utilities.mayBeCopy(seen)) {
      attributes['process.hash.sha256'] = hash;
      return true;
    }
    if (sizeBytes > limits.maxExecutableBytes) return answer(event, 'too_large');
    const path = seen.executable.toString('latin1');
    const pid = Number(attributes['process.pid']);
    return wait(event, { role: 'executable', pid, path, device, inode, changeNs, sizeBytes });
  }

  function hashOf(device: string, inode: string, changeNs: bigint, sizeBytes: bigint): string | undefined {
    const version = known.get(fileKey(device, inode));
    return version?.changeNs === changeNs && version.sizeBytes === sizeBytes ? version.sha256 : undefined;
  }

  function wait(event: Event, wish: HashWish): boolean {
    if (waitingEvents >= MAX_WAITING_EVENTS) return answer(event, 'busy');
    waitingEvents += 1;
    const process = processes.get(entityOf(event));
    if (process) process.waiting += 1;
    else processes.set(entityOf(event), { waiting: 1, behind: [] });
    const key = versionKey(wish, event);
    const others = waiting.get(key);
    if (others) {
      others.push(event);
      if (others.length <= MAX_OTHER_NAMES) otherNames.set(key, [...(otherNames.get(key) ?? []), wish]);
      return false;
    }
    waiting.set(key, [event]);
    hash(key, wish);
    return false;
  }

  function hash(key: string, wish: HashWish): void {
    hashers.hash(wish, (result) => {
      const isGone = 'missing' in result && result.missing === 'gone';
      const other = isGone && waiting.has(key) ? otherNames.get(key)?.shift() : undefined;
      if (other) return hash(key, other);
      remember(wish, result);
      const executed = waiting.get(key)?.find(({ seen }) => seen?.kind === 'process.exec')?.seen;
      if (executed?.kind === 'process.exec') utilities.learn(executed, () => release(key, result));
      else release(key, result);
    });
  }

  function remember({ device, inode, changeNs, sizeBytes }: HashWish, result: HashAnswer): void {
    if ('missing' in result) {
      if (result.virtual) virtualDevices.set(device, true);
    } else if (result.settled && changeNs !== 'current') {
      known.set(fileKey(device, String(inode)), { changeNs, sizeBytes, sha256: result.sha256 });
    }
  }

  function release(key: string, result: HashAnswer): void {
    const events = waiting.get(key);
    if (!events) return; // a flush ran out of time and let them go
    waiting.delete(key);
    otherNames.delete(key);
    waitingEvents -= events.length;
    for (const event of events) {
      if ('missing' in result) answer(event, result.missing);
      else if (event.name === 'process.exec') event.attributes['process.hash.sha256'] = result.sha256;
      else event.attributes['file.hash.sha256'] = result.sha256;
    }
    late([...events, ...events.flatMap(readyBehind)].map(named));
    if (waiting.size === 0) for (const done of flushed.splice(0)) done();
  }

  /** What stood behind the event's process and is ready now, when this was the last event it waited for. */
  function readyBehind(event: Event): Event[] {
    const id = entityOf(event);
    const process = processes.get(id);
    if (!process) return [];
    process.waiting -= 1;
    if (process.waiting > 0) return [];
    processes.delete(id);
    waitingEvents -= process.behind.length;
    return process.behind.filter(isReady);
  }

  function named(event: Event): Event {
    if (event.seen?.kind === 'process.exec') utilities.name(event, event.seen);
    return event;
  }

  async function flush(timeoutMs: number): Promise<void> {
    if (waiting.size === 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      flushed.push(resolve);
      timer = setTimeout(() => {
        // What stood behind may begin to wait itself, so until none is left.
        for (let [key] = waiting.keys(); key !== undefined; [key] = waiting.keys()) {
          release(key, { missing: 'busy' });
        }
      }, timeoutMs);
    });
    clearTimeout(timer);
  }

  return {
    stage(batch) {
      const ready = batch.filter(isReady);
      for (const event of ready) named(event);
      return ready;
    },
    flush,
    hanging: () => hashers.hanging(),
    stop: () => hashers.stop(),
  };
}

function entityOf(event: Event): string {
  return event.attributes['process.entity_id'] ?? '';
}

/** Says why there is no hash; the event is ready by that. */
function answer(event: Event, reason: MissingReason): true {
  event.attributes['spoor.hash.missing_reason'] = reason;
  return true;
}

function fileKey(device: string, inode: string): string {
  return `${device} ${inode}`;
}

/** Names one version of a file's contents. What lies there now is another at each close, also of the same file. */
function versionKey({ device, inode, changeNs, sizeBytes }: HashWish, { uid }: Event): string {
  return `${device} ${inode} ${changeNs === 'current' ? uid : changeNs} ${sizeBytes}`;
}
