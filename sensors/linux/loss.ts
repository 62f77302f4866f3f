/** Turns the kernel's counters into counts and gap events: what was lost since it was last told. */

import type { LossCause, SensorGap } from '../event.ts';
import type { SensorCount } from '../sensor.ts';
import { COUNT_PLACES, COUNTERS, HOOK, RECORD_KIND } from './generated/layout.ts';
import { hookName } from './hooks.ts';
import { KIND_NAMES } from './records.ts';

/** A lost KIND_NONE is a task whose session tag found no room (bpf/session.h). */
const TAG = 'session tag';

/**
 * What is not seen while a program is missed, and where. One that looks at every system call cannot say which one it
 * missed, nor whether it would have been of a session at all.
 */
const MISSED: { readonly [program: string]: readonly [lost: string, hook: number] } = {
  both_newtask: ['process.fork', HOOK.HOOK_TASK_NEWTASK],
  both_exec: ['process.exec', HOOK.HOOK_PROCESS_EXEC],
  both_exit_said: ['process.exit', HOOK.HOOK_PROCESS_EXIT],
  both_exit_raced: ['process.exit', HOOK.HOOK_PROCESS_EXIT],
  both_sock_state: ['network.connect', HOOK.HOOK_SOCK_SET_STATE],
  both_sock_destroyed: ['network.connect', HOOK.HOOK_DESTROY_SOCK],
  both_sock_sent: ['network.close', HOOK.HOOK_SEND_LENGTH],
  both_sock_received: ['network.close', HOOK.HOOK_RECV_LENGTH],
  both_sock_release: ['network.close', HOOK.HOOK_SOCK_RELEASE],
  both_packet_out: ['network.payload', HOOK.HOOK_EGRESS],
  both_packet_in: ['network.payload', HOOK.HOOK_INGRESS],
  both_packet_named: ['network.payload', HOOK.HOOK_EGRESS],
  both_cgroup_attach: ['security.resources', HOOK.HOOK_CGROUP_ATTACH],
  both_signal: ['security.signal', HOOK.HOOK_SIGNAL_GENERATE],
  tracepoint_sys_exit: ['syscall', HOOK.HOOK_SYS_EXIT],
  lsm_sys_exit: ['syscall', HOOK.HOOK_SYS_EXIT],
};

/** The kernel's counters by cause (bpf/records.h, struct counters). */
const CAUSES: readonly (readonly [LossCause, number])[] = [
  ['ring_full', COUNTERS.ring_full],
  ['shed', COUNTERS.shed],
  ['unreadable', COUNTERS.unreadable],
];

const { KIND_PLACES } = COUNT_PLACES;

/** Every hook, kind and CPU that counted anything. */
export function countsOf(counters: Buffer): SensorCount[] {
  const view = new DataView(counters.buffer, counters.byteOffset, counters.byteLength);
  const counts: SensorCount[] = [];
  for (let cpu = 0; (cpu + 1) * COUNTERS.sizeBytes <= counters.length; cpu++) {
    const row = cpu * COUNTERS.sizeBytes;
    for (let place = 0; place < HOOK.HOOK_COUNT * KIND_PLACES; place++) {
      const kind = place % KIND_PLACES;
      const seen = view.getBigUint64(row + COUNTERS.seen + 8 * place, true);
      const causes: Partial<Record<LossCause, bigint>> = {};
      let lost = 0n;
      for (const [cause, counter] of CAUSES) {
        const count = view.getBigUint64(row + counter + 8 * place, true);
        if (count === 0n) continue;
        causes[kind === RECORD_KIND.KIND_NONE ? 'recursion' : cause] = count;
        lost += count;
      }
      if (seen || lost)
        counts.push({
          kind: KIND_NAMES[kind] ?? TAG,
          hook: hookName(Math.floor(place / KIND_PLACES)),
          cpu,
          seen,
          lost,
          causes,
        });
    }
  }
  return counts;
}

/** Remembers what was told, so that each loss is told once and the numbers of all gaps add up to the counters. */
export class LossTeller {
  readonly #told = new Map<string, bigint>();

  /** Goes on from what an earlier collector told of the same counters. */
  restore(told: ReadonlyMap<string, bigint>): void {
    for (const [key, total] of told) this.#told.set(key, total);
  }

  told(): ReadonlyMap<string, bigint> {
    return this.#told;
  }

  #untold(key: string, total: bigint): bigint {
    const count = total - (this.#told.get(key) ?? 0n);
    if (count > 0n) this.#told.set(key, total);
    return count;
  }

  ofCounters(counts: readonly SensorCount[], bootNs: bigint): SensorGap[] {
    const gaps: SensorGap[] = [];
    for (const { kind, hook, cpu, causes } of counts)
      for (const [cause, lost] of Object.entries(causes) as [LossCause, bigint][]) {
        const count = this.#untold(`${kind} ${hook} ${cpu} ${cause}`, lost);
        if (count > 0n) gaps.push({ kind: 'sensor.gap', bootNs, lost: kind, hook, count, cause, cpu });
      }
    return gaps;
  }

  /** The kernel keeps no CPU for these: cpu is -1. */
  ofMisses(misses: Readonly<Record<string, bigint>>, bootNs: bigint): SensorGap[] {
    const gaps: SensorGap[] = [];
    for (const [program, missed] of Object.entries(misses)) {
      const count = this.#untold(program, missed);
      if (count <= 0n) continue;
      const [lost, hook] = MISSED[program] ?? [program, undefined];
      gaps.push({
        kind: 'sensor.gap',
        bootNs,
        lost,
        hook: hook === undefined ? undefined : hookName(hook),
        count,
        cause: 'recursion',
        cpu: -1,
      });
    }
    return gaps;
  }
}
