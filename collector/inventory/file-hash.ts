/** SHA-256 of a program, for the inventory. Known again by device, inode, size and change time, so it is read once. */

import { createHash } from 'node:crypto';
import type { FileStamp, ProcessFiles } from '../recognise/process-files.ts';

/** A larger program is not read: agents have 100 to 250 MB, so this is a model or a mistake. */
const MAX_HASH_BYTES = 1024 * 1024 * 1024;

const CHUNK_BYTES = 1024 * 1024;

export type ProgramHash =
  | { readonly sha256: string; readonly missingReason?: undefined }
  | { readonly sha256?: undefined; readonly missingReason: 'too_large' | 'changed' | 'gone' | 'not_regular' };

/** Which content of which file; another content has another stamp. */
export function stampName({ device, inode, sizeBytes, changeMs }: FileStamp): string {
  return `${device}:${inode}:${sizeBytes}:${changeMs}`;
}

export function hashProgram(files: ProcessFiles, path: string): ProgramHash {
  const before = files.stamp(path);
  if (!before) return { missingReason: 'gone' };
  if (!before.isFile) return { missingReason: 'not_regular' };
  if (before.sizeBytes > MAX_HASH_BYTES) return { missingReason: 'too_large' };
  const hash = createHash('sha256');
  for (let offset = 0; offset < before.sizeBytes; ) {
    const chunk = files.readBytes(path, offset, CHUNK_BYTES);
    if (!chunk || chunk.length === 0) return { missingReason: 'changed' };
    hash.update(chunk);
    offset += chunk.length;
  }
  const after = files.stamp(path);
  return after && stampName(after) === stampName(before)
    ? { sha256: hash.digest('hex') }
    : { missingReason: 'changed' };
}
