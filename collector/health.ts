/**
 * sensor.health: whether the sensor sees, what it lost, and what Spoor costs. Each minute, and at once when it changes.
 *
 * That no event came is no proof that nothing happened. So the sensor does one small act for each family of its hooks
 * (Sensor.look), and a family whose act was not seen is told as blind from then on, until it is seen again.
 */

import type { Sensor, SensorCount, Sight } from '../sensors/sensor.ts';
import { type Attributes, SEVERITY } from './event.ts';

/** Between two looks: the longest that a hook can be gone unnoticed. A look costs 5 to 15 ms of CPU, so 0.02 % of it. */
const LOOK_INTERVAL_MS = 60_000;
/** An overload is over when nothing was lost for so long. */
const RECOVERED_AFTER_MS = 1_000;

export interface HealthNeeds {
  readonly sensor: Sensor;
  /** What other parts say of themselves. */
  readonly more: () => Attributes;
  readonly tell: (attributes: Attributes, severity: number) => void;
}

export interface Health {
  /** Looks at once, and each minute from then on. */
  start(): void;
  /** Looks now, and tells what is new. */
  look(): Promise<void>;
  /** To be called for each sensor.gap, with how many events it tells of. */
  lost(count: bigint): void;
  /** Waits for a look that is under way, then for what hands over the rest, and tells how things stand a last time. */
  stop(handOver: () => Promise<void>): Promise<void>;
}

interface Overload {
  readonly beganMs: number;
  lastMs: number;
  count: bigint;
}

export function createHealth({ sensor, more, tell }: HealthNeeds): Health {
  const states = new Map<string, Sight['state']>();
  let timer: NodeJS.Timeout | undefined;
  let looking = Promise.resolve();
  let overload: Overload | undefined;
  let recovery: NodeJS.Timeout | undefined;

  function inState(state: Sight['state']): string[] | undefined {
    const families = [...states].filter(([, now]) => now === state).map(([family]) => family);
    return families.length > 0 ? families : undefined;
  }

  function standing(): Attributes {
    const counts = sensor.counts();
    const sum = (of: (count: SensorCount) => bigint) =>
      counts.reduce((total, count) => total + of(count), 0n);
    const { user, system } = process.cpuUsage();
    return {
      'spoor.health.blind': inState('blind'),
      'spoor.health.unproven': inState('unproven'),
      'spoor.health.hooks': counts.length > 0 ? countLines(counts) : undefined,
      'spoor.health.records': sum(({ seen }) => seen),
      'spoor.health.lost': sum(({ lost }) => lost),
      'spoor.health.rss': process.memoryUsage.rss(),
      'spoor.health.cpu_time': (user + system) * 1_000,
      ...more(),
    };
  }

  function tellChange(change: string, reason: string, severity: number): void {
    tell(
      { ...standing(), 'spoor.health.change': change, 'spoor.health.reason': reason || undefined },
      severity,
    );
  }

  function compare({ family, hook, state, reason }: Sight): void {
    const before = states.get(family);
    states.set(family, state);
    if (before === state) return;
    if (state === 'blind') tellChange(`blind: ${family}`, `${hook}: ${reason}`, SEVERITY.error);
    else if (state === 'unproven') tellChange(`unproven: ${family}`, reason, SEVERITY.warn);
    else if (before === 'blind') tellChange(`seeing: ${family}`, '', SEVERITY.info);
    else if (before === 'unproven') tellChange(`proven: ${family}`, '', SEVERITY.info);
  }

  async function look(): Promise<void> {
    for (const sight of await sensor.look()) compare(sight);
  }

  /** How long it took is told by what was lost: from the first loss to the last. */
  function recovered(): void {
    recovery = undefined;
    if (!overload) return;
    const { beganMs, lastMs, count } = overload;
    overload = undefined;
    tellChange(
      'recovered',
      `${count} events were lost within ${lastMs - beganMs} ms, none since`,
      SEVERITY.info,
    );
  }

  function lookNext(): Promise<void> {
    looking = looking.then(look);
    return looking;
  }

  return {
    start() {
      void lookNext();
      timer = setInterval(() => {
        void lookNext().then(() => tell(standing(), SEVERITY.info));
      }, LOOK_INTERVAL_MS).unref();
    },

    look: lookNext,

    lost(count) {
      const nowMs = Date.now();
      if (!overload)
        tellChange('overloaded', 'events are being lost; sensor.gap says how many', SEVERITY.warn);
      overload ??= { beganMs: nowMs, lastMs: nowMs, count: 0n };
      overload.lastMs = nowMs;
      overload.count += count;
      clearTimeout(recovery);
      recovery = setTimeout(recovered, RECOVERED_AFTER_MS).unref();
    },

    async stop(handOver) {
      clearInterval(timer);
      await looking;
      await handOver();
      clearTimeout(recovery);
      recovered();
      tell(standing(), SEVERITY.info);
    },
  };
}

/** A line for each kind and hook that counted anything; where something was lost, one for each CPU. */
export function countLines(counts: readonly SensorCount[]): string[] {
  const places = new Map<string, SensorCount[]>();
  for (const count of counts) {
    const place = `${count.kind} at ${count.hook}`;
    const rows = places.get(place) ?? [];
    rows.push(count);
    places.set(place, rows);
  }
  return [...places].flatMap(([place, rows]) => {
    if (rows.every(({ lost }) => lost === 0n))
      return [`${place} seen ${rows.reduce((sum, { seen }) => sum + seen, 0n)}`];
    return rows.map(({ cpu, seen, causes }) => {
      const lost = Object.entries(causes).map(([cause, count]) => ` ${cause} ${count}`);
      return `${place} cpu ${cpu} seen ${seen}${lost.join('')}`;
    });
  });
}
