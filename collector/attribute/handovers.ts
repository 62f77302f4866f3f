/**
 * The ways on which work leaves a session's tree, joined: what processes of sessions do is remembered, and each
 * program that starts outside is held against it. A way is a file; this asks them in turn.
 */

import { pid } from 'node:process';
import type { NetworkServed, ProcessRef, UnixConnect } from '../../sensors/event.ts';
import type { Event } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import type { Act } from './describe-seen.ts';
import { giverOf, type Handover } from './handover.ts';
import { runningProgram } from './lineage.ts';
import { createLoopback } from './loopback.ts';
import type { Process } from './processes.ts';
import { shown } from './shown.ts';
import { createUnixPeers } from './unix-peer.ts';
import { type StartedOutside, writtenFileRun } from './written-file-run.ts';
import { createWrittenFiles, type WrittenFile, type WrittenFiles } from './written-files.ts';

export interface Handovers {
  /** A process of a session did something. @returns what it handed to whom by that very act */
  acted(
    seen: Act,
    session: Attribution,
    process: Process,
    wallNs: bigint,
  ): { readonly handover: Handover; readonly taker: Process } | undefined;
  /** A program started outside every session. @returns the hand-overs that it goes on with */
  started(program: StartedOutside): Handover[];
  /** A process outside uses the other end of a session's connection. */
  served(seen: NetworkServed, process: Process): Handover | undefined;
  /** Learns what later stages found out: the hashes of what was written. */
  finished(events: readonly Event[]): void;
  readonly writtenFiles: WrittenFiles;
}

export interface WrittenFilesKept {
  readonly known: readonly WrittenFile[];
  readonly append: (file: WrittenFile) => void;
}

/** @param processOf the entry of a process, made if there is none */
export function createHandovers(processOf: (ref: ProcessRef) => Process, kept?: WrittenFilesKept): Handovers {
  const files = createWrittenFiles(kept?.known, kept?.append);
  const loopback = createLoopback();
  const unixPeers = createUnixPeers();

  function wrote(
    seen: Extract<Act, { kind: 'file.open' | 'file.close' }>,
    session: Attribution,
    process: Process,
    wallNs: bigint,
  ): void {
    const { file } = seen;
    const path = shown(seen.path);
    if (!file || seen.type !== 'regular' || path === '') return;
    files.add({
      device: file.device,
      inode: file.inode,
      generation: file.generation,
      path,
      sha256: undefined,
      writtenNs: wallNs,
      session: { id: session.id, agent: session.agent },
      writer: giverOf(process),
    });
  }

  function connected(seen: UnixConnect, session: Attribution, process: Process) {
    // In a session the daemon's own tag says whose it is; and Spoor itself starts nothing for anybody.
    if (!seen.peer || seen.peerSession !== 0 || seen.peer.pid === pid) return undefined;
    const taker = processOf(seen.peer);
    // Its socket may be a descriptor that it was started with, so no exec need have told of it.
    taker.program ??= runningProgram(taker.ref.pid);
    if (taker.followed) return undefined;
    const handover = unixPeers.connected(seen, session, process, taker);
    return handover && { handover, taker };
  }

  return {
    acted(seen, session, process, wallNs) {
      switch (seen.kind) {
        case 'file.open':
          // Its bytes are told at the close, which may be lost or far away.
          if (seen.created && !seen.deleted) wrote(seen, session, process, wallNs);
          break;
        case 'file.close':
          if (seen.bytesWritten > 0n || seen.mapped.includes('write')) wrote(seen, session, process, wallNs);
          break;
        case 'network.connect':
          loopback.connected(seen, session, process);
          break;
        case 'file.rename':
          if (seen.errno === 0) files.renamed(shown(seen.previousPath), shown(seen.path));
          break;
        case 'unix.connect':
          return connected(seen, session, process);
      }
      return undefined;
    },
    served: (seen, process) => loopback.served(seen, process),
    started(program) {
      const run = writtenFileRun(files, program);
      return run ? [run] : unixPeers.started(program);
    },
    finished(events) {
      for (const { name, attributes } of events) {
        if (name !== 'file.close') continue;
        const sha256 = attributes['file.hash.sha256'];
        const device = attributes['spoor.file.device'];
        const writer = attributes['process.entity_id'];
        if (sha256 && device && writer)
          files.hashed(device, BigInt(attributes['file.inode'] ?? 0), writer, sha256);
      }
    },
    writtenFiles: files,
  };
}
