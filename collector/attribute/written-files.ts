/**
 * Files that sessions wrote: by them, whoever runs one later is known to do a session's work, be it weeks after.
 *
 * A file is its device, inode and generation; the path is where it was last seen, and the hash is of what the session
 * left in it. Package managers' installs are left out: what dpkg put below /usr is the distribution's, and the
 * host's own programs would all belong to the AI agent that upgraded them.
 */

import type { FileRef } from '../../sensors/event.ts';
import type { AgentIdentity } from '../session/session.ts';
import type { Giver } from './handover.ts';

/** Files remembered, over all sessions and restarts. About 600 B each, so 10 MB; past it the one written first goes. */
const MAX_FILES = 16_384;

/** Programs that install for everybody, where they do so. */
const PACKAGE_MANAGERS = new Set(['dpkg', 'dpkg-deb', 'rpm', 'rpm2cpio', 'dnf', 'apk', 'pacman', 'zypper']);
const SYSTEM_FOLDERS = /^\/(?:usr|bin|sbin|lib|lib32|lib64|opt|boot|var\/lib)\//;

/** Tables by which a daemon starts what they name: crontabs, units of systemd. */
const JOB_TABLES =
  /^\/(?:var\/spool\/cron\/|etc\/crontab$|etc\/cron\.d\/)|\/systemd\/(?:system|user)(?:\.control)?\//;

export interface WrittenFile {
  readonly device: string;
  readonly inode: bigint;
  readonly generation: number;
  readonly path: string;
  /** Of what lay in it when the session closed it; undefined while that is not known. */
  readonly sha256: string | undefined;
  /** Unix epoch, nanoseconds. */
  readonly writtenNs: bigint;
  readonly session: { readonly id: string; readonly agent: AgentIdentity };
  readonly writer: Giver;
}

export interface WrittenFiles {
  /** Remembers a file, or that it was written again. */
  add(file: WrittenFile): void;
  /** The content of a file that was written last by this process. */
  hashed(device: string, inode: bigint, writer: string, sha256: string): void;
  /** A name was given to another path. */
  renamed(from: string, to: string): void;
  /** The very file, by all that the kernel tells of it. */
  byIdentity(file: FileRef): WrittenFile | undefined;
  /** As stat(2) or fdinfo identify a file: neither tells the generation. */
  byInode(device: string, inode: bigint): WrittenFile | undefined;
  byPath(path: string): WrittenFile | undefined;
  /** Crontabs and units. */
  jobTables(): Iterable<WrittenFile>;
  all(): Iterable<WrittenFile>;
}

/**
 * @param known from an earlier run, the first written first
 * @param changed called with each file that is new or changed
 */
export function createWrittenFiles(
  known: Iterable<WrittenFile> = [],
  changed: (file: WrittenFile) => void = () => {},
): WrittenFiles {
  /** By device and inode, in the order in which they were written. */
  const files = new Map<string, WrittenFile>();
  const keys = new Map<string, string>();
  const tables = new Set<string>();

  function forget(key: string): void {
    const file = files.get(key);
    files.delete(key);
    tables.delete(key);
    if (file && keys.get(file.path) === key) keys.delete(file.path);
  }

  function put(file: WrittenFile): void {
    const key = keyOf(file.device, file.inode);
    forget(key);
    files.set(key, file);
    keys.set(file.path, key);
    if (JOB_TABLES.test(file.path)) tables.add(key);
    if (files.size <= MAX_FILES) return;
    const [oldest] = files.keys();
    if (oldest !== undefined) forget(oldest);
  }

  for (const file of known) put(file);

  return {
    add(file) {
      if (isInstall(file)) return;
      const before = files.get(keyOf(file.device, file.inode));
      // The same writer tells of one file more than once; only what it says anew is worth keeping.
      const isSame =
        before?.generation === file.generation &&
        before.path === file.path &&
        before.writer.entityId === file.writer.entityId;
      put(isSame ? { ...file, sha256: before.sha256 } : file);
      if (!isSame) changed(file);
    },
    hashed(device, inode, writer, sha256) {
      const key = keyOf(device, inode);
      const file = files.get(key);
      if (file?.writer.entityId !== writer || file.sha256 === sha256) return;
      const hashed = { ...file, sha256 };
      files.set(key, hashed);
      changed(hashed);
    },
    renamed(from, to) {
      const key = keys.get(from);
      const file = key === undefined ? undefined : files.get(key);
      if (!key || !file) return;
      const moved = { ...file, path: to };
      put(moved);
      changed(moved);
    },
    byIdentity({ device, inode, generation }) {
      const file = files.get(keyOf(device, inode));
      return file?.generation === generation ? file : undefined;
    },
    byInode: (device, inode) => files.get(keyOf(device, inode)),
    byPath(path) {
      const key = keys.get(path);
      return key === undefined ? undefined : files.get(key);
    },
    *jobTables() {
      for (const key of tables) {
        const file = files.get(key);
        if (file) yield file;
      }
    },
    all: () => files.values(),
  };
}

function keyOf(device: string, inode: bigint): string {
  return `${device} ${inode}`;
}

function isInstall({ path, writer }: WrittenFile): boolean {
  const name = writer.executable?.slice(writer.executable.lastIndexOf('/') + 1) ?? '';
  return PACKAGE_MANAGERS.has(name) && SYSTEM_FOLDERS.test(path);
}
