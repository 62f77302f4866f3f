/** What all records share (bpf/records.h): where their bytes lie, and how fields are read out of them when asked for. */

import type { Credentials, FileRef, ProcessRef, SessionTag } from '../event.ts';
import { PATH_FLAG, RECORD } from './generated/layout.ts';
import { pathOf } from './text.ts';

export class Batch {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
}

export abstract class RecordOf {
  protected readonly batch: Batch;
  protected readonly at: number;

  constructor(batch: Batch, at: number) {
    this.batch = batch;
    this.at = at;
  }

  protected u16(offset: number): number {
    return this.batch.view.getUint16(this.at + offset, true);
  }

  protected u32(offset: number): number {
    return this.batch.view.getUint32(this.at + offset, true);
  }

  protected u64(offset: number): bigint {
    return this.batch.view.getBigUint64(this.at + offset, true);
  }

  protected slice(from: number, bytes: number): Buffer {
    return this.batch.bytes.subarray(this.at + from, this.at + from + bytes);
  }

  protected processAt(offset: { start_ns: number; pid: number }): ProcessRef {
    return { pid: this.u32(offset.pid), startNs: this.u64(offset.start_ns) };
  }

  protected fileAt(offset: { inode: number; device: number; generation: number }): FileRef {
    return {
      device: deviceName(this.u32(offset.device)),
      inode: this.u64(offset.inode),
      generation: this.u32(offset.generation),
    };
  }

  protected credentialsAt(offset: { uid: number; euid: number; gid: number; egid: number }): Credentials {
    return {
      uid: this.u32(offset.uid),
      euid: this.u32(offset.euid),
      gid: this.u32(offset.gid),
      egid: this.u32(offset.egid),
    };
  }

  /** The path whose names begin at `from`. */
  protected pathAt(from: number, offset: { text_bytes: number; flags: number }): Buffer {
    return pathOf(this.slice(from, this.u16(offset.text_bytes)), this.u16(offset.flags));
  }

  get bootNs(): bigint {
    return this.u64(RECORD.boot_ns);
  }

  get process(): ProcessRef {
    return this.processAt(RECORD);
  }

  get threadId(): number {
    return this.u32(RECORD.thread_id);
  }

  get session(): SessionTag {
    return this.u32(RECORD.session);
  }
}

/** The kernel packs a device number as major << 20 | minor (include/linux/kdev_t.h). */
function deviceName(device: number): string {
  return `${device >>> 20}:${device & 0xfffff}`;
}

export function isDeleted(pathFlags: number): boolean {
  const { PATH_DELETED, PATH_UNPLACED } = PATH_FLAG;
  return (pathFlags & (PATH_DELETED | PATH_UNPLACED)) !== 0;
}

export function isCut(pathFlags: number): boolean {
  return (pathFlags & PATH_FLAG.PATH_CUT) !== 0;
}
