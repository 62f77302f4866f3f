import { randomBytes } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Disk kept for the moment when there is none: what may wait in memory while the disk is full (no more than this),
 * the record that states what was lost, and the checkpoint over both. 14,000 ordinary records.
 */
const RESERVE_BYTES = 8 * 1024 * 1024;

/** A small budget gives no more than this share of itself. */
const MAX_SHARE_OF_BUDGET = 1 / 16;

/** Of the reserve, for what waits. The rest is for gap records, checkpoints, folders, and what is lost to whole blocks. */
const SHARE_FOR_BACKLOG = 3 / 4;

/** Disk to be kept of a budget. */
export function reserveBytesOf(budgetBytes: number): number {
  return Math.min(RESERVE_BYTES, Math.floor(budgetBytes * MAX_SHARE_OF_BUDGET));
}

/**
 * A file that holds nothing but room. Without it a full disk could not even be told: the record that says so, and the
 * checkpoint that covers it, need bytes of their own.
 */
export class Reserve {
  readonly #path: string;
  readonly bytes: number;

  constructor(directory: string, bytes: number) {
    this.#path = join(directory, 'reserve');
    this.bytes = bytes;
  }

  /** What may wait in memory while the disk is full. */
  get backlogBytes(): number {
    return this.bytes * SHARE_FOR_BACKLOG;
  }

  get isHeld(): boolean {
    return statSync(this.#path, { throwIfNoEntry: false })?.size === this.bytes;
  }

  /** Takes the room, if it is there. A disk too full for it is no error: the log works without, it only ends worse. */
  async take(): Promise<void> {
    if (this.isHeld) return;
    try {
      // Random, so that a file system that compresses, or stores no zeros, sets it aside in full.
      await writeFile(this.#path, randomBytes(this.bytes), { mode: 0o600 });
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (!DISK_REFUSES.has(code)) throw error;
      await rm(this.#path, { force: true }).catch(() => undefined); // EROFS: then nothing was written either
    }
  }

  /** Gives the room free for the log. */
  release(): void {
    rmSync(this.#path, { force: true });
  }
}

const DISK_REFUSES: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG']);
