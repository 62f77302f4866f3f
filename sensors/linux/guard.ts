/** What sessions may not lay hands on, as the programs of bpf/lsm_guard.h compare it. */

import { statSync } from 'node:fs';
import type { GuardedFile } from '../sensor.ts';
import { GUARDED_AS } from './generated/layout.ts';

/** struct guarded_file of bpf/records.h: inode, device, and enum guarded_as in the last word. */
const FILE_BYTES = 16;
/** A device as the kernel packs it: major << 20 | minor. */
const MINOR_BITS = 20;

const FLAG = {
  inside: GUARDED_AS.GUARDED_INSIDE,
  secret: GUARDED_AS.GUARDED_INSIDE | GUARDED_AS.GUARDED_SECRET,
  above: GUARDED_AS.GUARDED_ABOVE,
} as const;

/** The process that the host was started with. */
export const INIT = 1;

/** Inode of the mount namespace that a process lives in; 0 where /proc does not say. */
export function mountsOf(pid: number): number {
  try {
    return statSync(`/proc/${pid}/ns/mnt`).ino;
  } catch {
    return 0;
  }
}

interface Packed {
  readonly file: Pick<GuardedFile, 'device' | 'inode'>;
  readonly flag: number;
}

/**
 * The same folder may be guarded in several ways: the kernel gets one record of each. And one of inode 0 for each device
 * on which something is guarded, for what is opened there without a name.
 */
export function packedFiles(files: readonly GuardedFile[]): Buffer {
  const flags = new Map<string, Packed>();
  const add = (file: Packed['file'], flag: number) => {
    const key = `${file.device} ${file.inode}`;
    flags.set(key, { file, flag: flag | (flags.get(key)?.flag ?? 0) });
  };
  for (const file of files) {
    add(file, FLAG[file.as]);
    if (file.as !== 'above') add({ ...file, inode: 0n }, GUARDED_AS.GUARDED_FILE_SYSTEM);
  }
  return Buffer.concat(
    [...flags.values()].map(({ file, flag }) => {
      const packed = Buffer.alloc(FILE_BYTES);
      const [major = 0, minor = 0] = file.device.split(':').map(Number);
      packed.writeBigUInt64LE(file.inode, 0);
      packed.writeUInt32LE(((major << MINOR_BITS) | minor) >>> 0, 8);
      packed.writeUInt32LE(flag, 12);
      return packed;
    }),
  );
}
