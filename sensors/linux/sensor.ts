/** The Linux sensor: eBPF programs in the kernel (bpf/), a native addon (addon/), and this, their TypeScript face. */

import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { arch } from 'node:os';
import type { ProcessRef, SensorEvent, SessionTag } from '../event.ts';
import type {
  Coverage,
  Guarded,
  RunningProcess,
  Sensor,
  SensorCount,
  SensorFacts,
  SensorTier,
  Sight,
} from '../sensor.ts';
import { SensorError } from '../sensor.ts';
import { CANARY_HOST, CANARY_SESSION, Canary } from './canary.ts';
import { coverageOf, GUARDS, missingOf } from './coverage.ts';
import { existingOf, membersOf, runningOf } from './existing.ts';
import { INIT, mountsOf, packedFiles } from './guard.ts';
import { Histograms } from './histograms.ts';
import { identityOf, LinuxKept } from './kept.ts';
import { countsOf, LossTeller } from './loss.ts';
import { namedHosts } from './named-hosts.ts';
import { canaryPath, type Handle, loadNative, type Native, objectPath } from './native.ts';
import { SessionProcesses } from './processes.ts';
import { RecordReader } from './records.ts';
import { kernelWords, packedWords } from './suspects.ts';

/**
 * Ring between kernel and collector. Charged twice to RSS (the kernel maps it double). At 50,000 events a second of
 * 200 bytes it holds 400 ms; past it the newest events are lost, counted and told.
 */
const DEFAULT_RING_BYTES = 4 * 1024 * 1024;
/** From a drain to the next look at missed programs: a system call each, for a number that hardly ever moves. */
const MISSES_INTERVAL_MS = 1_000;

/**
 * Suspects' tags joined to another keep their places among the kernel's 16,384 until every task has noticed; after so
 * many, all tasks are asked, which takes 1 ms for 2,000.
 */
const MAX_UNSETTLED = 2_048;
/** A fork that read its creator's tag before the verdict has stored it long before this. */
const SETTLE_AFTER_MS = 1_000;

/** Sums of files in use and of system calls are told at this interval; an iterator over all tasks each time. */
const REFRESH_INTERVAL_MS = 30_000;

/**
 * Batches (256 KiB each) read before anything else gets its turn: a writer that keeps the ring filled must not keep a
 * signal to stop, or the disk's answers, waiting for ever.
 */
const MAX_BATCHES_IN_A_ROW = 4;

const KERNEL_TYPES = '/sys/kernel/btf/vmlinux';
/** The namespace in which the kernel counts processes: PROC_PID_INIT_INO, include/linux/proc_ns.h. */
const HOST_PIDS = 'pid:[4026531836]';

export interface LinuxSensorOptions {
  /** A power of two, and a multiple of the page. */
  readonly ringBytes?: number;
  /** Instead of the best that the kernel takes. */
  readonly tier?: LinuxTier;
  /** Programs that are taken off their hooks as soon as they are on: what a test does to see it noticed. */
  readonly without?: readonly string[];
  /** Folder of a bpf file system in which the watch outlives this process. */
  readonly keepAt?: string;
  /** What an earlier collector has told of the losses of the watch that is kept there. */
  readonly lossTold?: ReadonlyMap<string, bigint>;
}

export type LinuxTier = Exclude<SensorTier, 'replay'>;

function refuseUnlessPossible(): void {
  if (process.platform !== 'linux')
    throw new SensorError(`the Linux sensor cannot watch ${process.platform}; run it on Linux`);
  if (arch() !== 'x64')
    throw new SensorError(`the Linux sensor knows x86_64 only, and this is ${arch()}; watch an x86_64 host`);
  if (process.geteuid?.() !== 0)
    throw new SensorError(`watching the kernel needs root, and this is uid ${process.geteuid?.()}; use sudo`);
  // In another one each number that the kernel tells, or is told, would be that of another process.
  if (readlinkSync('/proc/self/ns/pid') !== HOST_PIDS)
    throw new SensorError(
      "this is a pid namespace of its own, as in a container, where the numbers of processes are not the kernel's; run Spoor on the host, or the container with its pids (--pid=host)",
    );
  // libbpf would look for others beside the kernel's image, which may be another kernel's.
  const types = statSync(KERNEL_TYPES, { throwIfNoEntry: false });
  if (!types || types.size === 0)
    throw new SensorError(
      `${KERNEL_TYPES} is ${types ? 'empty' : 'missing'}; run a kernel built with CONFIG_DEBUG_INFO_BTF=y`,
    );
}

/**
 * Loads the programs; nothing is watched before start().
 * @throws SensorError when this host cannot be watched: says why, and the mend
 */
export function openLinuxSensor(options: LinuxSensorOptions = {}): Sensor {
  refuseUnlessPossible();
  const native = loadNative();
  try {
    const { tier, reason } = chooseTier(native, options.tier);
    const ringBytes = options.ringBytes ?? DEFAULT_RING_BYTES;
    const { keepAt } = options;
    const handle =
      keepAt === undefined
        ? native.open(objectPath(), tier, ringBytes)
        : native.open(objectPath(), tier, ringBytes, keepAt, identityOf(objectPath(), tier, ringBytes));
    return new LinuxSensor(native, handle, {
      tier,
      reason,
      without: options.without ?? [],
      lossTold: options.lossTold ?? new Map(),
    });
  } catch (error) {
    throw new SensorError(`${messageOf(error)}; see: spoor doctor`);
  }
}

function chooseTier(native: Native, asked: LinuxTier | undefined): { tier: LinuxTier; reason: string } {
  if (asked) return { tier: asked, reason: 'asked for' };
  const refusal = native.refusal();
  if (refusal !== undefined) return { tier: 'tracepoint', reason: refusal };
  return { tier: 'lsm', reason: 'the kernel took a BPF trampoline' };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

type Receive = (batch: SensorEvent[]) => void;

interface Opened {
  readonly tier: LinuxTier;
  readonly reason: string;
  readonly without: readonly string[];
  readonly lossTold: ReadonlyMap<string, bigint>;
}

class LinuxSensor implements Sensor {
  readonly facts: SensorFacts;
  readonly #native: Native;
  readonly #handle: Handle;
  readonly #loss = new LossTeller();
  /** Sum of all losses when they were last told. */
  #lostTold = 0;
  readonly #processes = new SessionProcesses();
  readonly #reader = new RecordReader(this.#processes, (session) => this.#ended.add(session));
  readonly #histograms = new Histograms((row) => this.#native.histogram(this.#handle, row));
  /** Sessions whose last process has ended, until the next look at what they did in all. */
  readonly #ended = new Set<SessionTag>();
  /** Set by start(), taken away by stop(): nothing is reported without it. */
  #receive: Receive | undefined;
  /** Set by stop(): what the counters stood at when nothing could move them any more. */
  #lastCounts: SensorCount[] | undefined;
  #refreshing: NodeJS.Timeout | undefined;
  /** Runs from a drain on, and while answers are waited for: a host that does nothing wakes nobody. */
  #rarely: NodeJS.Timeout | undefined;
  #words = new Set<string>();
  /** By hash, how each is listed in the kernel. */
  #hosts = new Map<bigint, number>();
  /** Suspects' tags that were joined to another, oldest first, with the time of the verdict. */
  #joined: { readonly tag: SessionTag; readonly atMs: number }[] = [];

  readonly #tier: LinuxTier;
  readonly #lossToldBefore: ReadonlyMap<string, bigint>;
  readonly kept: LinuxKept | undefined;

  #looking: Promise<Sight[]> | undefined;
  readonly #without: readonly string[];
  readonly #canary: Canary;

  constructor(native: Native, handle: Handle, about: Opened) {
    const { tier, reason: tierReason, without, lossTold } = about;
    this.#lossToldBefore = lossTold;
    const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
    this.facts = { name: 'linux-ebpf', tier, tierReason, bootId };
    this.#tier = tier;
    this.#native = native;
    this.#handle = handle;
    this.#without = without;
    this.#canary = new Canary(canaryPath(), {
      tier,
      tag: (pid) => this.#native.ask(this.#handle, 'both_tag', pid, CANARY_SESSION, 0),
      dismiss: (suspect) => this.judge(suspect, 0),
      flush: () => this.flush(),
      counts: () => this.counts(),
      namesHosts: () => this.#hosts.size > 0,
      missing: () => this.#native.missing(this.#handle),
    });
    const found = native.kept(handle);
    this.kept = found && new LinuxKept(native, handle, found, () => this.#loss.told());
  }

  start(receive: Receive): void {
    if (this.#receive) throw new SensorError('the sensor was started already; open another');
    this.#receive = receive;
    try {
      this.#native.attach(this.#handle);
      for (const program of this.#without) this.#native.detachProgram(this.#handle, program);
    } catch (error) {
      throw new SensorError(`${messageOf(error)}; see: spoor doctor`);
    }
    this.kept?.attached();
    if (this.kept?.found === 'same') this.#loss.restore(this.#lossToldBefore);
    // After attaching, so that no process falls between: one that begins just now may come as existing and as exec.
    const existing = existingOf(this.#ask('both_existing'), this.#bootNs());
    // Those of a watch that goes on have the tags it gave them.
    for (const { process, session } of existing) if (session !== 0) this.#processes.add(process.pid, session);
    receive(existing);
    this.#native.listen(this.#handle, () => this.#drain());
    this.#refreshing = setInterval(() => this.#refresh(), REFRESH_INTERVAL_MS).unref();
  }

  wallOffsetNs(): bigint {
    return this.#native.wallOffsetNs();
  }

  tag(pid: number, session: SessionTag): void {
    if (session === 0) {
      // Once: whoever has no tag is never told from one whose tag was just taken.
      this.#native.ask(this.#handle, 'both_tag', pid, 0, 0);
      this.#processes.remove(pid);
      return;
    }
    const slot = this.#histograms.rowFor(session);
    // A thread that is made while the tasks are walked takes its tag from its maker: if that had none yet, again.
    let tagged = 0;
    while (this.#native.ask(this.#handle, 'both_tag', pid, session, slot).length > 0) tagged++;
    if (tagged === 0 && !this.members(session).some((member) => member.pid === pid))
      throw new SensorError(`there is no process ${pid} to watch; it has ended`);
    this.#processes.add(pid, session);
  }

  suspect(words: Iterable<string>): void {
    const wanted = kernelWords(words);
    const gone = [...this.#words].filter((word) => !wanted.has(word));
    const added = [...wanted].filter((word) => !this.#words.has(word));
    try {
      this.#native.unsuspect(this.#handle, packedWords(gone));
      this.#native.suspect(this.#handle, packedWords(added));
    } catch (error) {
      throw new SensorError(`${messageOf(error)}; see: spoor doctor`);
    }
    this.#words = wanted;
  }

  tellCallersOf(hosts: Iterable<string>): void {
    const wanted = namedHosts(hosts);
    if (wanted.size > 0) for (const [hash, how] of namedHosts([CANARY_HOST])) wanted.set(hash, how);
    try {
      for (const hash of this.#hosts.keys())
        if (!wanted.has(hash)) this.#native.nameHost(this.#handle, hash, 0);
      for (const [hash, how] of wanted) this.#native.nameHost(this.#handle, hash, how);
    } catch (error) {
      throw new SensorError(`${messageOf(error)}; see: spoor doctor`);
    }
    this.#hosts = wanted;
  }

  judge(suspect: SessionTag, becomes: SessionTag): void {
    this.#native.judge(this.#handle, suspect, becomes);
    if (becomes === suspect)
      this.#native.ask(this.#handle, 'both_count', 0, suspect, this.#histograms.rowFor(suspect));
    if (becomes === 0 || becomes === suspect) return;
    this.#joined.push({ tag: suspect, atMs: Date.now() });
    if (this.#joined.length >= MAX_UNSETTLED) this.#settle();
  }

  guard(guarded: Guarded | 'nothing'): readonly string[] | undefined {
    if (this.#tier !== 'lsm') return undefined;
    try {
      if (guarded === 'nothing') this.#native.unguard(this.#handle);
      else {
        const { process, files } = guarded;
        const [own, host] = [mountsOf(process.pid), mountsOf(INIT)];
        this.#native.guard(this.#handle, process.pid, process.startNs, own, host, packedFiles(files));
      }
    } catch (error) {
      throw new SensorError(`${messageOf(error)}; see: spoor doctor`);
    }
    return missingOf(this.#tier, this.#native.missing(this.#handle)).filter((name) =>
      name.startsWith(GUARDS),
    );
  }

  running(): RunningProcess[] {
    return runningOf(this.#ask('both_existing'));
  }

  members(session: SessionTag): ProcessRef[] {
    return membersOf(this.#native.ask(this.#handle, 'both_members', 0, session, 0));
  }

  async flush(): Promise<void> {
    if (!this.#receive) return;
    const [, until] = this.#native.positions(this.#handle);
    for (;;) {
      this.#drain();
      const [consumed] = this.#native.positions(this.#handle);
      if (consumed >= until) break;
      // A program is still writing the next record; those behind it must not overtake it.
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#tellRarely();
  }

  counts(): SensorCount[] {
    return this.#lastCounts ?? countsOf(this.#native.counters(this.#handle));
  }

  coverage(): Coverage[] {
    const { tierReason = '' } = this.facts;
    return coverageOf({ tier: this.#tier, tierReason, missing: this.#native.missing(this.#handle) });
  }

  async look(): Promise<Sight[]> {
    if (!this.#receive) throw new SensorError('the sensor is not started; start it, then look');
    this.#looking = this.#canary.look();
    return this.#looking;
  }

  async stop(): Promise<void> {
    if (this.#lastCounts) return;
    await this.#looking; // what a canary does without a watcher would be told by nobody
    if (this.#lastCounts) return;
    const goesOn = this.kept?.goesOn === true;
    if (!goesOn) this.#native.detach(this.#handle);
    // Of a watch that goes on, what nobody has read yet stays in the ring for the next reader.
    if (this.#receive && !goesOn) await this.flush();
    this.#tell(this.#reader.rest());
    clearInterval(this.#refreshing);
    clearTimeout(this.#rarely);
    this.#receive = undefined;
    this.#lastCounts = this.counts();
    // What goes on is closed when its last mark is set.
    if (!goesOn) this.#native.close(this.#handle);
  }

  /** Gives the places of joined tags back to the kernel, once no task has such a tag any more. */
  #settle(): void {
    const before = Date.now() - SETTLE_AFTER_MS;
    if ((this.#joined[0]?.atMs ?? before) >= before) return;
    const due = this.#joined.filter(({ atMs }) => atMs < before);
    this.#ask('both_settle');
    for (const { tag } of due) this.#native.judge(this.#handle, tag, 0);
    this.#joined = this.#joined.filter(({ atMs }) => atMs >= before);
  }

  #bootNs(): bigint {
    return BigInt(Date.now()) * 1_000_000n - this.#native.wallOffsetNs();
  }

  #ask(iterator: string): Buffer {
    return this.#native.ask(this.#handle, iterator, 0, 0, 0);
  }

  #tell(events: SensorEvent[]): void {
    const others = this.#canary.withoutOwn(events);
    if (others.length > 0) this.#receive?.(others);
  }

  #drain(): void {
    if (!this.#receive) return;
    for (let batches = 0; ; batches++) {
      if (batches === MAX_BATCHES_IN_A_ROW) {
        setImmediate(() => this.#drain());
        break;
      }
      const batch = this.#native.drain(this.#handle);
      if (!batch) break;
      this.#tell(this.#reader.read(batch));
      this.#rarely ??= this.#later();
    }
    this.#tellLost();
    this.#tell(this.#histograms.uncounted(this.#bootNs()));
    for (const session of this.#ended) {
      this.#tellHistogram(session);
      this.#histograms.release(session);
    }
    this.#ended.clear();
  }

  /** The counters have thousands of places; their sum says whether any of those that matter here has moved. */
  #tellLost(): void {
    const lost = this.#native.lost(this.#handle);
    if (lost === this.#lostTold) return;
    this.#lostTold = lost;
    this.#tell(this.#loss.ofCounters(this.counts(), this.#bootNs()));
  }

  #later(): NodeJS.Timeout {
    return setTimeout(() => this.#tellRarely(), MISSES_INTERVAL_MS).unref();
  }

  #tellRarely(): void {
    if (!this.#receive) return;
    clearTimeout(this.#rarely);
    this.#tell(this.#loss.ofMisses(this.#native.misses(this.#handle), this.#bootNs()));
    this.#tell(this.#reader.overdue(this.#bootNs()));
    this.#rarely = this.#reader.isWaiting ? this.#later() : undefined;
  }

  #refresh(): void {
    this.#ask('both_refresh');
    this.#drain();
    this.#tellRarely();
    for (const session of this.#histograms.sessions()) this.#tellHistogram(session);
  }

  #tellHistogram(session: SessionTag): void {
    const histogram = this.#histograms.take(session, this.#bootNs());
    if (histogram) this.#tell([histogram]);
  }
}
