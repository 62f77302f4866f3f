/** What sessions may not lay hands on, as the programs of bpf/lsm_guard.h compare it. */

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

/** The same folder may be guarded in several ways: the kernel gets one record of each. */
export function packedFiles(files: readonly GuardedFile[]): Buffer {
  const flags = new Map<string, { file: GuardedFile; flag: number }>();
  for (const file of files) {
    const key = `${file.device} ${file.inode}`;
    const before = flags.get(key)?.flag ?? 0;
    flags.set(key, { file, flag: before | FLAG[file.as] });
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
