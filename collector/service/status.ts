/** How the service does, as it is answered to `spoor status` and `spoor top`. Names are a contract. */

import type { Sensor } from '../../sensors/sensor.ts';
import { rfc3339 } from '../attribute/rfc3339.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Seal } from '../seal/seal.ts';
import type { Session } from '../session/session.ts';
import type { LogShipper } from '../ship/shipper.ts';

export interface SessionStatus {
  readonly id: string;
  readonly parent: string | null;
  readonly agent: string;
  readonly version: string | null;
  readonly user: string;
  readonly started_by: string;
  readonly start: string;
  readonly root_pid: number;
  readonly live_processes: number;
  readonly programs_run: number;
  readonly files_read: number;
  readonly files_written: number;
  readonly connections: number;
  readonly findings: number;
  readonly events: number;
}

export interface ServiceStatus {
  readonly service: {
    readonly version: string;
    readonly pid: number;
    readonly start: string;
    readonly state: string;
    /** Empty: the defaults. */
    readonly configuration: string;
    /** Why the last reload changed nothing; empty when it was good. */
    readonly configuration_trouble: string;
  };
  readonly sensor: {
    readonly name: string;
    readonly tier: string;
    /** Records since the programs were loaded, by kind. */
    readonly seen: Readonly<Record<string, number>>;
    readonly lost: Readonly<Record<string, number>>;
    /** The same by attach point in the kernel, such as "tp_btf/sys_exit". */
    readonly hooks: Readonly<Record<string, { readonly seen: number; readonly lost: number }>>;
  };
  readonly log: { readonly records: number; readonly durable: number; readonly trouble: string };
  readonly ship: readonly {
    readonly destination: string;
    readonly protocol: string;
    readonly state: string;
    readonly lag_records: number;
    readonly lag_bytes: number;
    /** Since the oldest record that it has not got was sealed. */
    readonly lag_seconds: number;
    /** Records it will never have, since the service began. */
    readonly rejected_records: number;
    readonly trouble: string;
  }[];
  readonly sessions: readonly SessionStatus[];
  /** What the service itself has cost since it began. */
  readonly cost: {
    readonly cpu_seconds: number;
    readonly rss_bytes: number;
    readonly uptime_seconds: number;
    /** Longest delay of the event loop since it was last asked, milliseconds. */
    readonly loop_delay_ms: number;
  };
}

export interface StatusNeeds {
  readonly sensor: Sensor;
  readonly pipeline: Pipeline;
  readonly seal: Seal;
  readonly shippers: readonly LogShipper[];
  readonly service: () => ServiceStatus['service'];
  readonly loopDelayMs: () => number;
}

export function statusOf(needs: StatusNeeds): ServiceStatus {
  const { sensor, pipeline, seal, shippers } = needs;
  const { user, system } = process.cpuUsage();
  const seen: Record<string, number> = {};
  const lost: Record<string, number> = {};
  const hooks: Record<string, { seen: number; lost: number }> = {};
  for (const count of sensor.counts()) {
    const hook = hooks[count.hook] ?? { seen: 0, lost: 0 };
    hooks[count.hook] = hook;
    hook.seen += Number(count.seen);
    hook.lost += Number(count.lost);
    seen[count.kind] = (seen[count.kind] ?? 0) + Number(count.seen);
    if (count.lost > 0n) lost[count.kind] = (lost[count.kind] ?? 0) + Number(count.lost);
  }
  return {
    service: needs.service(),
    sensor: { name: sensor.facts.name, tier: sensor.facts.tier, seen, lost, hooks },
    log: { records: seal.size, durable: seal.durable, trouble: seal.trouble?.message ?? '' },
    ship: shippers.map((shipper) => {
      const { destination, protocol, state, rejectedRecords, trouble } = shipper.status();
      const lag = shipper.lag();
      return {
        destination,
        protocol,
        state,
        lag_records: lag.records,
        lag_bytes: lag.bytes,
        lag_seconds: lag.seconds,
        rejected_records: rejectedRecords,
        trouble,
      };
    }),
    sessions: sessionsOf(sensor, pipeline),
    cost: {
      cpu_seconds: (user + system) / 1e6,
      rss_bytes: process.memoryUsage.rss(),
      uptime_seconds: process.uptime(),
      loop_delay_ms: needs.loopDelayMs(),
    },
  };
}

function sessionsOf(sensor: Sensor, pipeline: Pipeline): SessionStatus[] {
  const sessions = pipeline.sessions();
  if (sessions.length === 0) return [];
  const live = new Map<number, number>();
  for (const { session } of sensor.running()) live.set(session, (live.get(session) ?? 0) + 1);
  return sessions.map((session) => sessionStatus(session, pipeline, live.get(session.tag) ?? 0));
}

function sessionStatus(session: Session, pipeline: Pipeline, liveProcesses: number): SessionStatus {
  const summary = pipeline.summary(session);
  return {
    id: session.id,
    parent: session.about['spoor.session.parent_id'] ?? null,
    agent: session.agent.name,
    version: session.agent.version ?? null,
    user: summary?.userName ?? '',
    started_by: session.startedBy,
    start: summary ? rfc3339(summary.startNs) : '',
    root_pid: session.root.pid,
    live_processes: liveProcesses,
    programs_run: summary?.processes ?? 0,
    files_read: summary?.filesRead ?? 0,
    files_written: summary?.filesWritten ?? 0,
    connections: summary?.connections ?? 0,
    findings: summary?.findings ?? 0,
    events: summary?.events ?? 0,
  };
}
