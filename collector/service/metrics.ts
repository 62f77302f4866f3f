/**
 * The service's figures as Prometheus text (exposition format 0.0.4) on a unix socket: GET /metrics.
 * `curl --unix-socket /run/spoor/metrics.sock http://spoor/metrics`
 */

import { rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type Listening, listenAt, peerOf } from './control.ts';
import type { ServiceStatus } from './status.ts';

/** A scrape is one request; a client that keeps sending is none. */
const REQUEST_TIMEOUT_MS = 5_000;

export interface MetricsNeeds {
  readonly status: () => ServiceStatus;
  /** Events sealed since the service began, by name. */
  readonly events: () => ReadonlyMap<string, number>;
  /** id of the session that a process is watched in; undefined when it is in none. */
  readonly watchedIn: (pid: number) => Promise<string | undefined>;
}

export async function serveMetrics(path: string, needs: MetricsNeeds): Promise<Listening> {
  const server = createServer(async (request, response) => {
    const { pid } = peerOf(request.socket);
    if (pid === 0 || (await needs.watchedIn(pid)) !== undefined) {
      response.writeHead(403).end('a process of a watched session gets no answer\n');
    } else if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404).end('there is only GET /metrics\n');
    } else {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' });
      response.end(metricsText(needs.status(), needs.events()));
    }
  });
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  // Figures of the whole host: for root and whoever root gives the socket to.
  await listenAt(path, server, 0o660);
  return {
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(path, { force: true });
    },
  };
}

type Labels = Readonly<Record<string, string>>;

/** All metrics, names and labels stable. */
export function metricsText(status: ServiceStatus, events: ReadonlyMap<string, number>): string {
  const { service, sensor, log, ship, sessions, cost } = status;
  return [
    ...family('spoor_build_info', 'gauge', 'Version of the service, always 1', [
      [{ version: service.version, tier: sensor.tier }, 1],
    ]),
    ...family(
      'spoor_sensor_records_total',
      'counter',
      'Records the kernel handed over, by kind',
      byKind(sensor.seen),
    ),
    ...family(
      'spoor_sensor_lost_total',
      'counter',
      'Events that happened and were lost, by kind',
      byKind(sensor.lost),
    ),
    ...family(
      'spoor_events_total',
      'counter',
      'Events sealed into the log since the service began, by name',
      [...events].map(([event, count]) => [{ event }, count]),
    ),
    ...family('spoor_sessions', 'gauge', 'Sessions of AI agents that are watched now', [
      [{}, sessions.length],
    ]),
    ...family('spoor_log_records', 'gauge', 'Records in the log', [[{}, log.records]]),
    ...family('spoor_log_durable_records', 'gauge', 'Records that a power cut cannot take', [
      [{}, log.durable],
    ]),
    ...family('spoor_log_failing', 'gauge', '1 while the log cannot be written', [
      [{}, log.trouble === '' ? 0 : 1],
    ]),
    ...family(
      'spoor_ship_lag_records',
      'gauge',
      'Records not yet delivered, by receiver',
      ship.map(({ destination, lag_records }) => [{ destination }, lag_records]),
    ),
    ...family(
      'spoor_ship_lag_bytes',
      'gauge',
      'Bytes of records not yet delivered, by receiver',
      ship.map(({ destination, lag_bytes }) => [{ destination }, lag_bytes]),
    ),
    ...family(
      'spoor_ship_lag_seconds',
      'gauge',
      'Age of the oldest record not yet delivered, by receiver',
      ship.map(({ destination, lag_seconds }) => [{ destination }, lag_seconds]),
    ),
    ...family(
      'spoor_ship_rejected_records_total',
      'counter',
      'Records that a receiver refused for good, by receiver',
      ship.map(({ destination, rejected_records }) => [{ destination }, rejected_records]),
    ),
    ...family(
      'spoor_ship_failing',
      'gauge',
      '1 while the receiver does not take records',
      ship.map(({ destination, trouble }) => [{ destination }, trouble === '' ? 0 : 1]),
    ),
    ...family('spoor_configuration_failing', 'gauge', '1 when the last reload was refused', [
      [{}, service.configuration_trouble === '' ? 0 : 1],
    ]),
    ...family('process_cpu_seconds_total', 'counter', 'CPU time of the service', [[{}, cost.cpu_seconds]]),
    ...family('process_resident_memory_bytes', 'gauge', 'Memory of the service', [[{}, cost.rss_bytes]]),
    ...family('spoor_event_loop_delay_seconds', 'gauge', 'Longest delay since the last look', [
      [{}, cost.loop_delay_ms / 1_000],
    ]),
    '',
  ].join('\n');
}

function byKind(counts: Readonly<Record<string, number>>): [Labels, number][] {
  return Object.entries(counts).map(([kind, count]) => [{ kind }, count]);
}

function family(
  name: string,
  type: 'counter' | 'gauge',
  help: string,
  samples: readonly (readonly [Labels, number])[],
): string[] {
  if (samples.length === 0) return [];
  return [
    `# HELP ${name} ${help}`,
    `# TYPE ${name} ${type}`,
    ...samples.map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}
