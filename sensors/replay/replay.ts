/** A recorded session as a sensor (docs/recordings.md): the same events, in the same order, on any host. */

import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { LossCause, ProcessRef, SensorEvent, SessionTag } from '../event.ts';
import type { RunningProcess, Sensor, SensorCount, Sight } from '../sensor.ts';
import { SensorError } from '../sensor.ts';
import { RecordingFault } from './codec.ts';
import { eventOfLine, headOfLine, type RecordingHead } from './events.ts';

/** Text of one recording, 1.5 million events or so. A file that unpacks to more is refused. */
const MAX_RECORDING_BYTES = 512 * 1024 * 1024;
/** RFC 1952: what a gzip file begins with. */
const GZIP_MAGIC = 0x1f8b;

/** Events handed over at once, as many as a busy sensor gives. */
const BATCH_EVENTS = 512;

export interface Recording {
  readonly head: RecordingHead;
  readonly events: readonly SensorEvent[];
}

/**
 * Reads the whole recording at once; its tier is what it was recorded on, its name says that it is a replay.
 * @throws SensorError naming file, line and cause
 */
export function openReplaySensor(file: string): Sensor {
  return new ReplaySensor(readRecording(file));
}

/**
 * A recording as it lies in its file, packed by gzip or not.
 * @throws SensorError naming file, line and cause
 */
export function readRecording(file: string): Recording {
  const lines = readText(file).split('\n');
  if (lines.at(-1) === '') lines.pop();
  const at = <T>(index: number, read: (line: string) => T): T => {
    try {
      return read(lines[index] ?? '');
    } catch (error) {
      if (error instanceof RecordingFault) throw new SensorError(`${file}:${index + 1}: ${error.message}`);
      throw error;
    }
  };
  const head = at(0, headOfLine);
  return { head, events: lines.slice(1).map((_, index) => at(index + 1, eventOfLine)) };
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    const isPacked = bytes.length >= 2 && bytes.readUInt16BE() === GZIP_MAGIC;
    return (isPacked ? gunzipSync(bytes, { maxOutputLength: MAX_RECORDING_BYTES }) : bytes).toString('utf8');
  } catch (error) {
    throw new SensorError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function keyOf({ pid, startNs }: ProcessRef): string {
  return `${pid} ${startNs}`;
}

interface Counted {
  seen: bigint;
  readonly causes: Partial<Record<LossCause, bigint>>;
}

class ReplaySensor implements Sensor {
  readonly facts;
  readonly #recording: Recording;
  /** Processes of sessions that were seen to begin and not to end, in what was handed over so far. */
  readonly #live = new Map<string, { process: ProcessRef; session: SessionTag }>();
  /** What a process began may be told after its end: the outcome of a connect that was under way. */
  readonly #ended = new Set<string>();
  readonly #counts = new Map<string, Counted>();
  #receive: ((batch: SensorEvent[]) => void) | undefined;
  #next = 0;

  constructor(recording: Recording) {
    this.#recording = recording;
    this.facts = { ...recording.head.facts, name: `replay of ${recording.head.facts.name}` };
  }

  start(receive: (batch: SensorEvent[]) => void): void {
    if (this.#receive) throw new SensorError('the replay was started already; open another');
    this.#receive = receive;
    setImmediate(() => this.#play());
  }

  wallOffsetNs(): bigint {
    return this.#recording.head.wallOffsetNs;
  }

  /** Tags were given when the recording was made: this checks that one was, and changes nothing. */
  tag(pid: number, session: SessionTag): void {
    const known = this.#recording.events.some(
      (event) => 'process' in event && event.process.pid === pid && event.session === session,
    );
    if (!known) throw new SensorError(`the recording has no process ${pid} in session ${session}`);
  }

  /** Who was a suspect, and what became of it, is part of the recording. */
  suspect(): void {}

  judge(): void {}

  /** Who was told is part of the recording. */
  tellCallersOf(): void {}

  /** While a recording is played nothing runs. */
  running(): RunningProcess[] {
    return [];
  }

  members(session: SessionTag): ProcessRef[] {
    return [...this.#live.values()]
      .filter((member) => member.session === session)
      .map(({ process }) => process);
  }

  async flush(): Promise<void> {
    while (this.#receive && this.#next < this.#recording.events.length) this.#playBatch();
  }

  counts(): SensorCount[] {
    return [...this.#counts].map(([kind, { seen, causes }]) => {
      const lost = Object.values(causes).reduce((sum, count) => sum + count, 0n);
      return { kind, hook: 'recording', cpu: 0, seen, lost, causes };
    });
  }

  coverage() {
    return [...this.#recording.head.coverage];
  }

  async look(): Promise<Sight[]> {
    return [];
  }

  async stop(): Promise<void> {
    await this.flush();
    this.#receive = undefined;
  }

  /** Batch by batch through the event loop, so that a receiver can do what it does between batches. */
  #play(): void {
    if (!this.#receive || this.#next >= this.#recording.events.length) return;
    this.#playBatch();
    setImmediate(() => this.#play());
  }

  #playBatch(): void {
    const batch = this.#recording.events.slice(this.#next, this.#next + BATCH_EVENTS);
    this.#next += batch.length;
    for (const event of batch) this.#remember(event);
    this.#receive?.(batch);
  }

  #remember(event: SensorEvent): void {
    if (event.kind === 'sensor.gap') {
      const { causes } = this.#count(event.lost);
      causes[event.cause] = (causes[event.cause] ?? 0n) + event.count;
      return;
    }
    this.#count(event.kind).seen += 1n;
    if (!('process' in event) || event.session === 0) return;
    const key = keyOf(event.process);
    if (event.kind === 'process.exit') {
      this.#ended.add(key);
      this.#live.delete(key);
    } else if (!this.#ended.has(key)) {
      this.#live.set(key, { process: event.process, session: event.session });
    }
  }

  #count(kind: string): Counted {
    const count = this.#counts.get(kind) ?? { seen: 0n, causes: {} };
    this.#counts.set(kind, count);
    return count;
  }
}
