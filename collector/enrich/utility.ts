/**
 * Which system utility did an exec run, whatever the file is called? Adds spoor.utility.* to executions.
 *
 *   path     a utility's own file, or one of its name in a folder of the system (a newer version, a container's)
 *   inode    the utility's own file under another path: a hard link
 *   hash     another file with the utility's contents: a copy
 *   applet   a program that is many (busybox), by the name it was called with
 *
 * The kernel resolved links before, and a shell between is an exec of its own. Only the host's own utilities can be
 * told by inode or hash. They are looked up at the first exec, which costs a stat(2) for each name and folder; after
 * that an exec costs two look-ups in maps. A copy has the original's size: a utility is hashed when an executable of
 * its size turns up that is not itself, so as good as never.
 */

import { closeSync, constants, fstatSync, openSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import type { ProcessExec } from '../../sensors/event.ts';
import type { Event } from '../event.ts';
import { deviceName, type FileIdentity, kernelIdentityOf } from '../file-identity.ts';
import type { HashWish } from './hash-file.ts';
import type { Hashers } from './hashers.ts';
import { kindOf, UTILITY_NAMES, type UtilityKind } from './utility-names.ts';

/** Where distributions and administrators put programs for everybody. */
const FOLDERS = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/usr/local/sbin', '/bin', '/sbin'];
/** Programs that do what the name says by which they are called. */
const MANY_IN_ONE: ReadonlySet<string> = new Set(['busybox', 'toybox', 'coreutils']);
/** open(2); Node does not name it. Opens nothing: a device does not act, a FIFO does not wait. */
const O_PATH = 0o10000000;

/** A file that is a utility on this host. */
interface Known extends FileIdentity {
  readonly name: string;
  /** With the device and inode it tells a later file that was given the same inode. */
  readonly sizeBytes: bigint;
  readonly path: string;
  /** File names it has in the system's folders, such as nc and nc.openbsd. */
  readonly fileNames: Set<string>;
  /** Undefined until an executable of the same size was run; null when it could not be read. */
  sha256: string | null | undefined;
}

type Basis = 'path' | 'inode' | 'hash' | 'applet';

export interface Utilities {
  /** True when `learn` has to come first. */
  mayBeCopy(seen: ProcessExec): boolean;
  /** Hashes the utilities that the executable may be a copy of, then calls back; at once when all are known. */
  learn(seen: ProcessExec, learned: () => void): void;
  /** Of an exec that has its hash, or a reason for none. */
  name(event: Event, seen: ProcessExec): void;
}

export function createUtilities(hashers: Hashers, maxFileBytes: bigint): Utilities {
  const byFile = new Map<string, Known>();
  const byPath = new Map<string, Known>();
  const bySize = new Map<bigint, Known[]>();
  /** By path in the system's folders: the file that was last run there, so that a look is taken once for each. */
  const lookedFor = new Map<string, string>();
  let isFilled = false;

  function fill(): void {
    isFilled = true;
    for (const folder of new Set(FOLDERS.flatMap(realPathsOf)))
      for (const name of UTILITY_NAMES) lookAt(name, `${folder}/${name}`);
  }

  function lookAt(name: string, called: string): void {
    const [path] = realPathsOf(called);
    const file = path === undefined ? undefined : fileAt(path);
    if (path === undefined || !file || file.sizeBytes > maxFileBytes) return;
    const key = fileKey(file);
    const before = byFile.get(key);
    const fileNames = [posix.basename(path), name];
    if (before?.sizeBytes === file.sizeBytes) {
      for (const fileName of fileNames) before.fileNames.add(fileName);
      byPath.set(path, before);
      return;
    }
    const whole = posix.basename(path);
    const known: Known = {
      ...file,
      name: MANY_IN_ONE.has(whole) ? whole : name,
      path,
      fileNames: new Set(fileNames),
      sha256: undefined,
    };
    const replaced = byPath.get(path);
    if (replaced)
      bySize.set(
        replaced.sizeBytes,
        sameSize(replaced.sizeBytes).filter((one) => one !== replaced),
      );
    byFile.set(key, known);
    byPath.set(path, known);
    bySize.set(file.sizeBytes, [...sameSize(file.sizeBytes), known]);
  }

  function sameSize(sizeBytes: bigint): readonly Known[] {
    return bySize.get(sizeBytes) ?? [];
  }

  /** The utility whose very file ran. */
  function ownFile(seen: ProcessExec): Known | undefined {
    if (!isFilled) fill();
    const known = byFile.get(fileKey(seen.executableFile));
    return known?.sizeBytes === seen.executableSizeBytes ? known : undefined;
  }

  function unread(seen: ProcessExec): readonly Known[] {
    if (ownFile(seen)) return [];
    return sameSize(seen.executableSizeBytes).filter(({ sha256 }) => sha256 === undefined);
  }

  function learn(seen: ProcessExec, learned: () => void): void {
    const [first] = unread(seen);
    if (!first) {
      learned();
      return;
    }
    hashers.hash(wishFor(first, maxFileBytes), (answer) => {
      if ('sha256' in answer) first.sha256 = answer.sha256;
      else if (answer.missing !== 'busy' && answer.missing !== 'changed') first.sha256 = null;
      // Of a disk that is busy it is asked again for the next copy: this one must not wait for long.
      if (first.sha256 === undefined) learned();
      else learn(seen, learned);
    });
  }

  function name(event: Event, seen: ProcessExec): void {
    const { attributes } = event;
    const path = attributes['process.executable.path'] ?? '';
    const own = ownFile(seen) ?? newlyAt(path, seen);
    const known = own ?? copied(attributes['process.hash.sha256'], seen.executableSizeBytes);
    if (known) {
      const applet = MANY_IN_ONE.has(known.name) ? appletOf(attributes['process.command_args']) : undefined;
      const basis = own ? (byPath.get(path) === own ? 'path' : 'inode') : 'hash';
      const fileName = posix.basename(path);
      const isRenamed = fileName !== applet && !isNameOf(known, fileName);
      if (applet !== undefined) tell(event, applet, 'applet', isRenamed);
      else tell(event, known.name, basis, isRenamed);
    } else if (isSystemFolder(path) && kindOf(posix.basename(path))) {
      tell(event, posix.basename(path), 'path', false);
    }
  }

  /** A utility that was installed or replaced since it was looked for; in a container another file is there. */
  function newlyAt(path: string, seen: ProcessExec): Known | undefined {
    if (!isSystemFolder(path)) return undefined;
    const fileName = posix.basename(path);
    const listed = byPath.get(path)?.name ?? (kindOf(fileName) ? fileName : undefined);
    if (listed === undefined) return undefined;
    const key = fileKey(seen.executableFile);
    if (lookedFor.get(path) === key) return undefined;
    lookedFor.set(path, key);
    lookAt(listed, path);
    return ownFile(seen);
  }

  function copied(sha256: string | undefined, sizeBytes: bigint): Known | undefined {
    if (sha256 === undefined) return undefined;
    return sameSize(sizeBytes).find((known) => known.sha256 === sha256);
  }

  return { mayBeCopy: (seen) => unread(seen).length > 0, learn, name };
}

function tell({ attributes }: Event, name: string, basis: Basis, isRenamed: boolean): void {
  attributes['spoor.utility.name'] = name;
  attributes['spoor.utility.kind'] = kindOf(name) ?? ('many' satisfies UtilityKind);
  attributes['spoor.utility.basis'] = basis;
  attributes['spoor.utility.renamed'] = isRenamed;
}

/** A version or a variant is part of the name: perl5.36.0, nc.openbsd, git-add. */
function isNameOf({ name, fileNames }: Known, fileName: string): boolean {
  return (
    fileNames.has(fileName) || /^[-.\d]/.test(fileName.startsWith(name) ? fileName.slice(name.length) : '')
  );
}

/** As busybox.c decides: the last part of argv[0], or argv[1] where that is the whole's own name. */
function appletOf(args: readonly string[] = []): string | undefined {
  const called = posix.basename(args[0] ?? '').replace(/^-/, '');
  const isWhole = [...MANY_IN_ONE].some((whole) => called.startsWith(whole));
  const applet = isWhole ? args[1] : called;
  return applet !== undefined && kindOf(applet) && !MANY_IN_ONE.has(applet) ? applet : undefined;
}

function isSystemFolder(path: string): boolean {
  return FOLDERS.includes(posix.dirname(path));
}

function wishFor({ device, inode, path }: Known, sizeBytes: bigint): HashWish {
  return { role: 'opened', pid: process.pid, path, device, inode, changeNs: 'current', sizeBytes };
}

function fileKey({ device, inode }: FileIdentity): string {
  return `${device} ${inode}`;
}

/** Empty when there is none. */
function realPathsOf(path: string): string[] {
  try {
    return [realpathSync(path)];
  } catch {
    return [];
  }
}

/** A regular file's identity as the kernel holds it. Undefined: it has gone, or is none. */
function fileAt(path: string): (FileIdentity & { readonly sizeBytes: bigint }) | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isFile()) return undefined;
    const identity = kernelIdentityOf(fd, stat, process.pid);
    return { device: deviceName(stat.dev), inode: stat.ino, ...identity, sizeBytes: stat.size };
  } catch {
    return undefined; // removed between the two looks
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
