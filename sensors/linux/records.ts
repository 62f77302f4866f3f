/**
 * Reads the kernel's records (bpf/records.h) out of a batch, lazily: an event is a batch and an offset, and a field is
 * decoded when somebody asks for it.
 */

import type { SensorEvent, SessionTag } from '../event.ts';
import { CreateByOpen, changeOf, TruncateByOpen } from './change-records.ts';
import { fileType, Open } from './file-records.ts';
import { FILE_OPEN, OPEN_FLAG, RECORD, RECORD_KIND } from './generated/layout.ts';
import { Close, Connect, socketOf, Unix } from './network-records.ts';
import { Payloads } from './payloads.ts';
import { Exec, ExecFailed, Exit, Fork } from './process-records.ts';
import type { SessionProcesses } from './processes.ts';
import { Batch } from './record.ts';
import { callOf } from './system-records.ts';
import { UringRequests } from './uring-requests.ts';
import { UsePaths } from './use-paths.ts';
import { Use, usesOf } from './use-records.ts';

const O_TRUNC = 0o1000;

/** Emptying a device or a pipe does nothing. */
function isRegular(mode: number): boolean {
  return fileType(mode) === 'regular';
}

/** Names of record kinds, as sensor.gap and the counts give them. A kind of several events is named by the first. */
export const KIND_NAMES: { readonly [kind: number]: string } = {
  [RECORD_KIND.KIND_PROCESS_FORK]: 'process.fork',
  [RECORD_KIND.KIND_PROCESS_EXEC]: 'process.exec',
  [RECORD_KIND.KIND_PROCESS_EXEC_FAILED]: 'process.exec_failed',
  [RECORD_KIND.KIND_PROCESS_EXIT]: 'process.exit',
  [RECORD_KIND.KIND_FILE_OPEN]: 'file.open',
  [RECORD_KIND.KIND_FILE_CHANGE]: 'file.change',
  [RECORD_KIND.KIND_FILE_USES]: 'file.close',
  [RECORD_KIND.KIND_NETWORK_CONNECT]: 'network.connect',
  [RECORD_KIND.KIND_NETWORK_SOCKET]: 'network.socket',
  [RECORD_KIND.KIND_NETWORK_CLOSE]: 'network.close',
  [RECORD_KIND.KIND_NETWORK_PAYLOAD]: 'network.payload',
  [RECORD_KIND.KIND_UNIX_CONNECT]: 'unix.connect',
  [RECORD_KIND.KIND_SYSCALL]: 'syscall',
  [RECORD_KIND.KIND_FILE_RECEIVED]: 'file.path',
  [RECORD_KIND.KIND_URING_OPEN]: 'io_uring.open',
  [RECORD_KIND.KIND_URING_CHANGE]: 'io_uring.change',
  [RECORD_KIND.KIND_URING_RESULT]: 'io_uring.result',
};

/** Reads batch after batch; remembers between them what one record alone does not tell. */
export class RecordReader {
  readonly #processes: SessionProcesses;
  readonly #ended: (session: SessionTag) => void;
  readonly #paths = new UsePaths();
  readonly #payloads = new Payloads();
  readonly #requests = new UringRequests();

  /** `ended` is told of each session whose last process has ended. */
  constructor(processes: SessionProcesses, ended: (session: SessionTag) => void) {
    this.#processes = processes;
    this.#ended = ended;
  }

  /**
   * The events of one batch, in ring order. They share its bytes.
   * @throws Error when the bytes are no records: the object and this decoder are of different builds
   */
  read(bytes: Buffer): SensorEvent[] {
    const batch = new Batch(bytes);
    const events: SensorEvent[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = batch.view.getUint32(at + RECORD.bytes, true);
      if (length < RECORD.sizeBytes || at + length > bytes.length)
        throw new Error(`record at byte ${at} of a batch has ${length} bytes; run: make build`);
      this.#readRecord(batch, at, events);
      at += (length + 7) & ~7;
    }
    return events;
  }

  #readRecord(batch: Batch, at: number, events: SensorEvent[]): void {
    const kind = batch.view.getUint32(at + RECORD.kind, true);
    switch (kind) {
      case RECORD_KIND.KIND_PROCESS_FORK:
        this.#processes.addForked(batch, at);
        events.push(new Fork(batch, at));
        break;
      case RECORD_KIND.KIND_PROCESS_EXEC:
        events.push(new Exec(batch, at));
        break;
      case RECORD_KIND.KIND_PROCESS_EXEC_FAILED:
        events.push(new ExecFailed(batch, at));
        break;
      case RECORD_KIND.KIND_PROCESS_EXIT: {
        for (const request of this.#requests.ofEnded(batch.view.getUint32(at + RECORD.pid, true)))
          this.#readWhole(request, events);
        events.push(new Exit(batch, at));
        this.#paths.forget(batch, at);
        const ended = this.#processes.removeExited(batch, at);
        if (ended) this.#ended(ended);
        break;
      }
      case RECORD_KIND.KIND_FILE_OPEN:
        this.#readOpen(batch, at, events);
        break;
      case RECORD_KIND.KIND_FILE_CHANGE:
        events.push(changeOf(batch, at));
        break;
      case RECORD_KIND.KIND_FILE_USES:
        for (let index = 0; index < usesOf(batch, at); index++)
          events.push(new Use(batch, at, index, this.#paths.pathOfUse(batch, at, index)));
        break;
      case RECORD_KIND.KIND_NETWORK_CONNECT:
        events.push(new Connect(batch, at));
        break;
      case RECORD_KIND.KIND_NETWORK_SOCKET:
        events.push(socketOf(batch, at));
        break;
      case RECORD_KIND.KIND_NETWORK_CLOSE:
        events.push(new Close(batch, at));
        break;
      case RECORD_KIND.KIND_NETWORK_PAYLOAD:
        for (const event of this.#payloads.read(batch, at)) events.push(event);
        break;
      case RECORD_KIND.KIND_UNIX_CONNECT:
        events.push(new Unix(batch, at, (process) => this.#processes.sessionOf(process)));
        break;
      case RECORD_KIND.KIND_SYSCALL:
        events.push(callOf(batch, at, this.#processes));
        break;
      case RECORD_KIND.KIND_FILE_RECEIVED:
        this.#paths.remember(batch, at);
        break;
      case RECORD_KIND.KIND_URING_OPEN:
      case RECORD_KIND.KIND_URING_CHANGE:
        this.#readWhole(this.#requests.ask(batch, at), events);
        break;
      case RECORD_KIND.KIND_URING_RESULT:
        this.#readWhole(this.#requests.done(batch, at), events);
        break;
      default:
        throw new Error(`record at byte ${at} of a batch is of the unknown kind ${kind}; run: make build`);
    }
  }

  /** Questions that nobody answered in time. */
  overdue(nowBootNs: bigint): SensorEvent[] {
    return this.#payloads.unanswered(nowBootNs);
  }

  /** Whether something may become overdue. */
  get isWaiting(): boolean {
    return this.#payloads.isWaiting;
  }

  /** What was kept in the hope of more, now that no batch will come any more. */
  rest(): SensorEvent[] {
    const events = this.#payloads.unanswered('all');
    for (const request of this.#requests.rest()) this.#readWhole(request, events);
    return events;
  }

  #readWhole(batch: Batch | undefined, events: SensorEvent[]): void {
    if (batch) this.#readRecord(batch, 0, events);
  }

  /** An open may also have made the file, or emptied it. */
  #readOpen(batch: Batch, at: number, events: SensorEvent[]): void {
    const u32 = (offset: number) => batch.view.getUint32(at + offset, true);
    if (u32(FILE_OPEN.error) === 0 && !(u32(FILE_OPEN.flags) & OPEN_FLAG.OPEN_SILENT)) {
      this.#paths.remember(batch, at);
      const created = u32(FILE_OPEN.flags) & OPEN_FLAG.OPEN_CREATED;
      if (created) events.push(new CreateByOpen(batch, at));
      else if (u32(FILE_OPEN.open_flags) & O_TRUNC && isRegular(u32(FILE_OPEN.file.mode)))
        events.push(new TruncateByOpen(batch, at));
    }
    events.push(new Open(batch, at));
  }
}
