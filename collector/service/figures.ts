/** What the service measures of itself, by the names of the registry: one set for Prometheus and OTLP alike. */

import type { AttributeName, MetricName } from '../../schemas/generated/registry.ts';
import type { ServiceStatus } from './status.ts';

export interface Sample {
  readonly value: number;
  readonly attributes: Readonly<Partial<Record<AttributeName, string>>>;
}

/** Every metric there is; one without a sample has nothing to be told of, such as the lag of no receiver. */
export type Figures = Readonly<Record<MetricName, readonly Sample[]>>;

export interface FiguresNeeds {
  readonly status: ServiceStatus;
  /** Events sealed since the service began, by name. */
  readonly events: ReadonlyMap<string, number>;
  readonly cpu: NodeJS.CpuUsage;
}

export function figuresOf({ status, events, cpu }: FiguresNeeds): Figures {
  const { service, sensor, log, ship, sessions, cost } = status;
  const byReceiver = (value: (receiver: (typeof ship)[number]) => number): Sample[] =>
    ship.map((receiver) => ({
      value: value(receiver),
      attributes: { 'spoor.ship.destination': receiver.destination },
    }));
  return {
    'spoor.sensor.watch': [
      { value: 1, attributes: { 'spoor.sensor.name': sensor.name, 'spoor.sensor.tier': sensor.tier } },
    ],
    'spoor.sensor.records': byEvent(Object.entries(sensor.seen)),
    'spoor.sensor.lost': byEvent(Object.entries(sensor.lost)),
    'spoor.events': byEvent(events),
    'spoor.sessions': [one(sessions.length)],
    'spoor.log.records': [one(log.records)],
    'spoor.log.durable': [one(log.durable)],
    'spoor.log.failing': [one(log.trouble === '' ? 0 : 1)],
    'spoor.ship.lag.records': byReceiver(({ lag_records }) => lag_records),
    'spoor.ship.lag.size': byReceiver(({ lag_bytes }) => lag_bytes),
    'spoor.ship.lag.time': byReceiver(({ lag_seconds }) => lag_seconds),
    'spoor.ship.rejected': byReceiver(({ rejected_records }) => rejected_records),
    'spoor.ship.failing': byReceiver(({ trouble }) => (trouble === '' ? 0 : 1)),
    'spoor.configuration.failing': [one(service.configuration_trouble === '' ? 0 : 1)],
    'process.cpu.time': [
      { value: cpu.user / 1e6, attributes: { 'cpu.mode': 'user' } },
      { value: cpu.system / 1e6, attributes: { 'cpu.mode': 'system' } },
    ],
    'process.memory.usage': [one(cost.rss_bytes)],
    'process.uptime': [one(cost.uptime_seconds)],
    'nodejs.eventloop.delay.max': [one(cost.loop_delay_ms / 1_000)],
  };
}

function one(value: number): Sample {
  return { value, attributes: {} };
}

function byEvent(counts: Iterable<readonly [string, number]>): Sample[] {
  return [...counts].map(([name, value]) => ({ value, attributes: { 'spoor.event.name': name } }));
}
