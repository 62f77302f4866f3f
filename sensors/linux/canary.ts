/**
 * Does the sensor still see? It does one small act for each family of its hooks (canary/spoor-canary.c), expects the
 * event, and keeps it to itself: what a canary does is in no log.
 *
 * "Healthy but blind" is how sensors of this kind mostly fail: a hook is taken away, replaced or never fires on this
 * kernel, the counters stand still, and nobody can tell that from a quiet host.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { SensorEvent, SessionTag } from '../event.ts';
import type { SensorCount, SensorTier, Sight } from '../sensor.ts';
import { whyMissing } from './coverage.ts';
import type { MissingProgram } from './native.ts';

/** Tag of what the canary does; nobody else gives this one, the last below those that the kernel gives. */
export const CANARY_SESSION: SessionTag = 0x7fff_ffff;
/** The kernel's own tags, which a canary in a folder named like an agent gets (bpf/records.h). */
const FIRST_SUSPECT_TAG = 0x8000_0000;

/** What the canary asks for before it is tagged, where the kernel looks out for hosts; no such name can exist (RFC 6761). */
export const CANARY_HOST = 'spoor-canary.invalid';

const DNS_PORT = 53;

interface Family {
  readonly name: string;
  /** Where it is seen, by tier. */
  readonly hook: Readonly<Record<'tracepoint' | 'lsm', string>>;
  /** Kind of record whose loss would explain that nothing came. */
  readonly record: string;
  /** Programs without which it cannot be seen, where a kernel may lack them. */
  readonly programs?: readonly string[];
  readonly isSign: (event: SensorEvent) => boolean;
}

const everywhere = (hook: string) => ({ tracepoint: hook, lsm: hook });
const atCallsEnd = (lsm: string) => ({ tracepoint: 'tp_btf/sys_exit', lsm });
const ofKind =
  (kind: SensorEvent['kind']) =>
  (event: SensorEvent): boolean =>
    event.kind === kind;

/** In the order in which they are shown. */
export const FAMILIES: readonly Family[] = [
  family('process.fork', everywhere('tp_btf/task_newtask'), 'process.fork'),
  family('process.exec', everywhere('tp_btf/sched_process_exec'), 'process.exec'),
  family('process.exec_failed', everywhere('tp_btf/sys_exit'), 'process.exec_failed'),
  family('process.exit', everywhere('tp_btf/sched_process_exit'), 'process.exit'),
  {
    ...family('file.open', atCallsEnd('fexit/do_filp_open'), 'file.open'),
    isSign: (event) => event.kind === 'file.open' && event.errno === 0,
  },
  {
    ...family('file.open_failed', everywhere('tp_btf/sys_exit'), 'file.open'),
    isSign: (event) => event.kind === 'file.open' && event.errno !== 0,
  },
  family('file.close', everywhere('tp_btf/sys_exit'), 'file.close'),
  family('file.create', atCallsEnd('fentry/security_path_mkdir'), 'file.change'),
  family('file.rename', atCallsEnd('fentry/security_path_rename'), 'file.change'),
  family('file.delete', atCallsEnd('fentry/security_path_rmdir'), 'file.change'),
  family('file.attributes', atCallsEnd('fentry/security_path_chmod'), 'file.change'),
  family('network.listen', everywhere('tp_btf/inet_sock_set_state'), 'network.socket'),
  family('network.connect', everywhere('tp_btf/inet_sock_set_state'), 'network.connect'),
  family('network.accept', everywhere('tp_btf/sys_exit'), 'network.socket'),
  {
    ...family('network.close', everywhere('cgroup/sock_release'), 'network.close'),
    programs: ['both_sock_release'],
  },
  {
    ...family('tls.hello', everywhere('cgroup_skb/egress'), 'network.payload'),
    programs: ['both_packet_out'],
  },
  {
    ...family('dns.query', everywhere('cgroup_skb/ingress'), 'network.payload'),
    programs: ['both_packet_out', 'both_packet_in', 'lsm_datagram_first', 'tracepoint_datagram_first'],
    // The answer as it came in to who asked; the canary's own name server also sends one out.
    isSign: (event) =>
      event.kind === 'dns.query' && event.responseCode !== undefined && event.peer.port === DNS_PORT,
  },
  family('network.raw', everywhere('tp_btf/sys_exit'), 'network.socket'),
  family('unix.connect', everywhere('tp_btf/sys_exit'), 'unix.connect'),
  family('security.signal', everywhere('tp_btf/signal_generate'), 'syscall'),
  family('security.memfd', everywhere('tp_btf/sys_exit'), 'syscall'),
  family('security.memory', everywhere('tp_btf/sys_exit'), 'syscall'),
];

/** Hosts that processes outside every session are told for; tried only where the kernel looks out for any. */
export const NAMED_HOST: Family = {
  ...family('named_host', everywhere('cgroup_skb/egress'), 'network.payload'),
  programs: ['both_packet_named'],
  isSign: (event) => event.kind === 'dns.query' && event.session === 0,
};

function family(name: string, hook: Family['hook'], record: string): Family {
  return { name, hook, record, isSign: ofKind(name as SensorEvent['kind']) };
}

/** What the canary needs of the sensor that sends it out. */
export interface CanaryHost {
  readonly tier: SensorTier;
  /** Tags a process that waits. */
  tag(pid: number): void;
  /** A tag that the kernel gave to the canary's own exec is nobody's. */
  dismiss(suspect: SessionTag): void;
  /** Hands over everything that was seen before. */
  flush(): Promise<void>;
  counts(): readonly SensorCount[];
  /** Whether the kernel looks out for hosts (Sensor.tellCallersOf), CANARY_HOST among them. */
  namesHosts(): boolean;
  /** Programs that do not run on this kernel. */
  missing(): Readonly<Record<string, MissingProgram>>;
}

export class Canary {
  readonly #program: string;
  readonly #host: CanaryHost;
  /** Families that were seen since the canary went out. */
  readonly #signs = new Set<string>();
  #pid: number | undefined;
  /** Its exec got a suspect's tag: until that is taken back, it is not outside every session. */
  #wasSuspect = false;
  #out: Promise<Sight[]> | undefined;

  /** @param program path of spoor-canary */
  constructor(program: string, host: CanaryHost) {
    this.#program = program;
    this.#host = host;
  }

  /** Takes the canary's events out of a batch, and notes them. */
  withoutOwn(batch: SensorEvent[]): SensorEvent[] {
    return batch.some((event) => this.#isOwn(event)) ? batch.filter((event) => !this.#take(event)) : batch;
  }

  /** Sends the canary out; who asks while it is out gets the same answer. */
  look(): Promise<Sight[]> {
    this.#out ??= this.#look().finally(() => {
      this.#out = undefined;
      this.#pid = undefined;
    });
    return this.#out;
  }

  /** Also its own exec and the host it asks for, which come before it is tagged. */
  #isOwn(event: SensorEvent): boolean {
    if (event.kind === 'sensor.gap') return false;
    if (event.session === CANARY_SESSION) return true;
    if (this.#pid === undefined || (event.kind !== 'process.exec' && event.kind !== 'dns.query'))
      return false;
    return event.process.pid === this.#pid;
  }

  #take(event: SensorEvent): boolean {
    if (!this.#isOwn(event) || event.kind === 'sensor.gap') return false;
    if (event.session === CANARY_SESSION) {
      for (const { name, isSign } of FAMILIES) if (isSign(event)) this.#signs.add(name);
    } else if (NAMED_HOST.isSign(event)) this.#signs.add(NAMED_HOST.name);
    else if (event.session >= FIRST_SUSPECT_TAG) {
      this.#wasSuspect = true;
      this.#host.dismiss(event.session);
    }
    return true;
  }

  async #look(): Promise<Sight[]> {
    const before = lostByRecord(this.#host.counts());
    this.#signs.clear();
    this.#wasSuspect = false;
    const families = this.#host.namesHosts() ? [...FAMILIES, NAMED_HOST] : FAMILIES;
    const acts = await this.#act();
    await this.#host.flush();
    const after = lostByRecord(this.#host.counts());
    const isLossy = (record: string) => (after.get(record) ?? 0n) > (before.get(record) ?? 0n);
    const missing = this.#host.missing();
    return families.map(({ name, hook, record, programs = [] }): Sight => {
      const sight = { family: name, hook: hook[this.#host.tier === 'lsm' ? 'lsm' : 'tracepoint'] };
      if (this.#signs.has(name)) return { ...sight, state: 'seen', reason: '' };
      const [absent] = programs.flatMap((program) => {
        const why = missing[program];
        return why ? [whyMissing(program, why)] : [];
      });
      if (absent !== undefined) return { ...sight, state: 'absent', reason: absent };
      const unproven =
        acts.why(name) ??
        (isLossy(record) ? 'its records were being lost' : undefined) ??
        (name === NAMED_HOST.name && this.#wasSuspect
          ? 'the canary lies in a folder that is named like an agent'
          : undefined);
      if (unproven) return { ...sight, state: 'unproven', reason: unproven };
      return {
        ...sight,
        state: 'blind',
        reason:
          'the act was done and no event came; start Spoor again, and if that does not help: spoor doctor',
      };
    });
  }

  /** What the canary did, and why not where it could not. */
  async #act(): Promise<Acts> {
    let printed = '';
    let child: ChildProcess;
    try {
      const asked = this.#host.namesHosts() ? [CANARY_HOST] : [];
      child = spawn(this.#program, [tmpdir(), ...asked], { stdio: ['pipe', 'pipe', 'ignore'], env: {} });
    } catch (error) {
      return notAtAll(`${this.#program} cannot be started: ${(error as Error).message}`);
    }
    this.#pid = child.pid;
    const failed = new Promise<string>((resolve) =>
      child.once('error', ({ message }) => resolve(`${this.#program} cannot be started: ${message}`)),
    );
    // It may end before it was told to begin: its output then says nothing, which is the answer.
    child.stdin?.on('error', () => {});
    const ended = once(child, 'close').then(
      () => undefined,
      () => undefined,
    );
    child.stdout?.on('data', (chunk: Buffer) => {
      const isFirst = printed === '';
      printed += chunk.toString('latin1');
      if (!isFirst || child.pid === undefined) return;
      this.#host.tag(child.pid);
      child.stdin?.end('.');
    });
    const failure = await Promise.race([failed, ended]);
    return failure === undefined ? actsOf(printed) : notAtAll(failure);
  }
}

interface Acts {
  /** Why an act was not done; undefined when it was. */
  why(family: string): string | undefined;
}

function notAtAll(reason: string): Acts {
  return { why: () => reason };
}

/** "." and then a line "FAMILY ERRNO" for each act. */
function actsOf(printed: string): Acts {
  const errors = new Map<string, number>();
  for (const line of printed.slice(1).split('\n')) {
    const [name, errno] = line.split(' ');
    if (name && errno !== undefined) errors.set(name, Number(errno));
  }
  return {
    why(family) {
      const errno = errors.get(family);
      if (errno === undefined) return 'spoor-canary ended before it had done this';
      return errno === 0 ? undefined : `the act could not be done here: ${getSystemErrorName(-errno)}`;
    },
  };
}

function lostByRecord(counts: readonly SensorCount[]): Map<string, bigint> {
  const lost = new Map<string, bigint>();
  for (const count of counts) lost.set(count.kind, (lost.get(count.kind) ?? 0n) + count.lost);
  return lost;
}
