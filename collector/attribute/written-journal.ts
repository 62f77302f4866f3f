/**
 * Written files on disk, so that a restart forgets none: one JSON object a line, the last line of a file counts.
 *
 *   {"device":"8:1","inode":"123","generation":7,"path":"/home/a/x.sh","sha256":"…","written":"1796…","session":"…",
 *    "agent":"codex","version":"0.169.0","writer":"…","pid":4711,"executable":"/usr/bin/bash"}
 *
 * Lines are appended once a second and at the end; a crash of the collector costs the last second of them. A line
 * that is no such object (the half one of a crash) is passed over. Paths are masked as in the log: after a restart
 * one that held a secret is found by device and inode alone.
 */

import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { WrittenFile } from './written-files.ts';

const WRITE_INTERVAL_MS = 1_000;
/** Lines after which the file is written anew with one line a file: 300 B each, so 12 MB at the most. */
const MAX_LINES = 40_000;

export interface WrittenJournal {
  /** What an earlier run remembered, the first written first. */
  readonly known: readonly WrittenFile[];
  append(file: WrittenFile): void;
  /** Writes what is pending. @throws when the disk refuses */
  flush(): void;
  close(): void;
}

/**
 * @param remembered everything that is worth keeping, when the file is written anew
 * @param masked a path without the secrets in it
 */
export function openWrittenJournal(
  path: string,
  remembered: () => Iterable<WrittenFile>,
  failed: (error: Error) => void,
  masked: (path: string) => string,
): WrittenJournal {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const { files, lines: linesRead } = readFiles(path);
  let lines = linesRead;
  let pending: string[] = [];

  function flush(): void {
    if (pending.length === 0) return;
    lines += pending.length;
    const text = pending.join('');
    pending = [];
    if (lines <= MAX_LINES) {
      appendFileSync(path, text, { mode: 0o600 });
      return;
    }
    const all = Array.from(remembered(), (file) => lineOf(file, masked));
    writeFileSync(`${path}.new`, all.join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
    lines = all.length;
  }

  function flushOrTell(): void {
    try {
      flush();
    } catch (error) {
      failed(error as Error);
    }
  }

  const timer = setInterval(flushOrTell, WRITE_INTERVAL_MS);
  timer.unref();
  return {
    known: files,
    append(file) {
      pending.push(lineOf(file, masked));
    },
    flush,
    close() {
      clearInterval(timer);
      flushOrTell();
    },
  };
}

function lineOf(written: WrittenFile, masked: (path: string) => string): string {
  const { inode, writtenNs, session, writer, ...file } = written;
  return `${JSON.stringify({
    device: file.device,
    inode: String(inode),
    generation: file.generation,
    path: masked(file.path),
    sha256: file.sha256,
    written: String(writtenNs),
    session: session.id,
    agent: session.agent.name,
    version: session.agent.version,
    writer: writer.entityId,
    pid: writer.pid,
    executable: writer.executable && masked(writer.executable),
  })}\n`;
}

function readFiles(path: string): { files: WrittenFile[]; lines: number } {
  const files = new Map<string, WrittenFile>();
  let lines = 0;
  for (const line of textOf(path).split('\n')) {
    if (line === '') continue;
    lines += 1;
    const file = fileIn(line);
    if (!file) continue;
    const key = `${file.device} ${file.inode}`;
    files.delete(key);
    files.set(key, file);
  }
  return { files: [...files.values()], lines };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

function fileIn(line: string): WrittenFile | undefined {
  let read: Record<string, unknown>;
  try {
    read = JSON.parse(line) ?? {};
  } catch {
    return undefined; // the half line of a crash
  }
  const {
    device,
    inode,
    generation,
    path,
    sha256,
    written,
    session,
    agent,
    version,
    writer,
    pid,
    executable,
  } = read;
  if (typeof device !== 'string' || typeof path !== 'string' || typeof session !== 'string') return undefined;
  if (typeof agent !== 'string' || typeof writer !== 'string' || typeof generation !== 'number')
    return undefined;
  if (!isDigits(inode) || !isDigits(written) || typeof pid !== 'number') return undefined;
  return {
    device,
    inode: BigInt(inode),
    generation,
    path,
    sha256: textOrNone(sha256),
    writtenNs: BigInt(written),
    session: { id: session, agent: { name: agent, version: textOrNone(version) } },
    writer: { entityId: writer, pid, executable: textOrNone(executable) },
  };
}

function isDigits(value: unknown): value is string {
  return typeof value === 'string' && /^\d+$/.test(value);
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
