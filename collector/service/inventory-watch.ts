/**
 * Which AI agents are installed, as events when it changes: an agent is added, upgraded or removed. A look takes a
 * second and hashes what is new, so it is a thread's; it is taken some time after the start, then each hour, and soon
 * after an agent began whose version or place was not known.
 */

import { Worker } from 'node:worker_threads';
import { LRUCache } from 'lru-cache';
import type { Event } from '../event.ts';
import { type InventoryChange, inventoryEvent } from '../inventory/changes.ts';
import type { LookData } from './inventory-look.ts';

/** A service that has just begun has its sessions to find first. */
const FIRST_LOOK_MS = 60_000;
const LOOK_INTERVAL_MS = 3_600_000;
/** An agent that began anew may be one of many in a row, and its installer may still be at work. */
const AFTER_START_MS = 5_000;
/** Agents, versions and places that no look is needed for; 200 B each. Past it the longest unused is looked for again. */
const MAX_KNOWN = 4_096;

export interface WriterOfFile {
  readonly sessionId: string;
  readonly entityId: string;
}

export interface InventoryWatchNeeds {
  readonly look: () => LookData;
  /** Which process of which session last wrote a file, or something in a folder, where that was seen. */
  readonly writerOf: (path: string) => WriterOfFile | undefined;
  readonly tell: (event: Event) => void;
  readonly failed: (error: Error) => void;
}

export interface InventoryWatch {
  /** An agent began; looks soon when it was not known like that. */
  began(agent: string, version: string | undefined, root: string | undefined): void;
  close(): Promise<void>;
}

export function createInventoryWatch(needs: InventoryWatchNeeds): InventoryWatch {
  const known = new LRUCache<string, true>({ max: MAX_KNOWN });
  let worker: Worker | undefined;
  let timer: NodeJS.Timeout;
  let state: 'open' | 'closed' = 'open';
  /** An agent began while a look was under way, which may have passed it by. */
  let isAskedAgain = false;
  later(FIRST_LOOK_MS);

  function later(ms: number): void {
    clearTimeout(timer);
    if (state === 'open') timer = setTimeout(look, ms).unref();
  }

  function look(): void {
    // One at a time: they write one file.
    if (worker) return;
    worker = new Worker(new URL('./inventory-look.js', import.meta.url), { workerData: needs.look() });
    worker.unref();
    worker.once('message', (changes: readonly InventoryChange[]) => {
      for (const change of changes) needs.tell(withWriter(change));
    });
    worker.once('error', needs.failed);
    worker.once('exit', () => {
      worker = undefined;
      later(isAskedAgain ? AFTER_START_MS : LOOK_INTERVAL_MS);
      isAskedAgain = false;
    });
  }

  function withWriter(change: InventoryChange): Event {
    const event = inventoryEvent(change, BigInt(Date.now()) * 1_000_000n);
    const writer = change.change === 'removed' ? undefined : needs.writerOf(change.row.root);
    event.attributes['spoor.inventory.writer_session'] = writer?.sessionId;
    event.attributes['spoor.inventory.writer'] = writer?.entityId;
    return event;
  }

  return {
    began(agent, version, root) {
      const key = `${agent} ${version} ${root}`;
      if (known.has(key)) return;
      known.set(key, true);
      isAskedAgain = worker !== undefined;
      later(AFTER_START_MS);
    },
    async close() {
      state = 'closed';
      clearTimeout(timer);
      await worker?.terminate();
    },
  };
}
