/**
 * The ways on which work leaves a session's tree, joined: what processes of sessions do is remembered, and each
 * program that starts outside is held against it. A way is a file; this asks them in turn.
 */

import type { NetworkServed } from '../../sensors/event.ts';
import type { Event } from '../event.ts';
import type { Attribution } from '../session/session.ts';
import type { Act } from './describe-seen.ts';
import { giverOf, type Handover } from './handover.ts';
import { createLoopback } from './loopback.ts';
import type { Process } from './processes.ts';
import { shown } from './shown.ts';
import { type StartedOutside, writtenFileRun } from './written-file-run.ts';
import { createWrittenFiles, type WrittenFile, type WrittenFiles } from './written-files.ts';

export interface Handovers {
  /** A process of a session did something. */
  acted(seen: Act, session: Attribution, process: Process, wallNs: bigint): void;
  /** A program started outside every session. @returns the hand-over that it goes on with, if any */
  started(program: StartedOutside): Handover | undefined;
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

export function createHandovers(kept?: WrittenFilesKept): Handovers {
  const files = createWrittenFiles(kept?.known, kept?.append);
  const loopback = createLoopback();

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
      }
    },
    served: (seen, process) => loopback.served(seen, process),
    started: (program) => writtenFileRun(files, program),
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
