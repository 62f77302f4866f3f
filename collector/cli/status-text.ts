/** `spoor status` and `spoor top` for a person. */

import type { ServiceStatus, SessionStatus } from '../service/status.ts';
import { type Paint, printable } from './terminal.ts';

/** What happened between two looks. */
export interface Rates {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Share of one core that the service used, percent. */
  readonly cpuPercent: number;
  /** By session id. */
  readonly sessionEventsPerSecond: ReadonlyMap<string, number>;
}

export function ratesBetween(before: ServiceStatus, after: ServiceStatus): Rates {
  const seconds = Math.max(0.001, after.cost.uptime_seconds - before.cost.uptime_seconds);
  const known = new Map(before.sessions.map(({ id, events }) => [id, events]));
  return {
    seconds,
    eventsPerSecond: (after.log.records - before.log.records) / seconds,
    cpuPercent: (100 * (after.cost.cpu_seconds - before.cost.cpu_seconds)) / seconds,
    sessionEventsPerSecond: new Map(
      after.sessions.map(({ id, events }) => [id, (events - (known.get(id) ?? 0)) / seconds]),
    ),
  };
}

/** @param colours how words are set off */
export function statusText(status: ServiceStatus, colours: Paint): string {
  const { service, sensor, log, cost } = status;
  const lines = [
    `${colours.bold('spoor')} ${service.version}, pid ${service.pid}, since ${service.start}`,
    row('watch', `${sensor.name}, tier ${sensor.tier}`),
    row('state', printable(service.state)),
    row('settings', settingsText(service, colours)),
    row('log', logText(log, colours)),
    ...lossLines(status, colours),
    ...shipLines(status, colours),
    row('cost', costText(cost)),
    row('sessions', status.sessions.length === 0 ? 'none' : String(status.sessions.length)),
    ...sessionTable(status.sessions, undefined).map((line) => `  ${line}`),
  ];
  return `${lines.join('\n')}\n`;
}

export function topText(status: ServiceStatus, rates: Rates | undefined, colours: Paint): string {
  const busiest = [...status.sessions].sort(
    (left, right) => rateOf(right, rates) - rateOf(left, rates) || right.events - left.events,
  );
  const speed = rates
    ? `${rates.eventsPerSecond.toFixed(0)} events/s, ${rates.cpuPercent.toFixed(1)} % of a core`
    : costText(status.cost);
  return `${[
    `${colours.bold('spoor top')}  ${status.sessions.length} sessions, ${speed}`,
    ...lossLines(status, colours),
    ...shipLines(status, colours),
    ...sessionTable(busiest, rates),
  ].join('\n')}\n`;
}

function rateOf({ id }: SessionStatus, rates: Rates | undefined): number {
  return rates?.sessionEventsPerSecond.get(id) ?? 0;
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(9)} ${text}`;
}

function settingsText(service: ServiceStatus['service'], colours: Paint): string {
  const file = service.configuration === '' ? 'the defaults' : printable(service.configuration);
  if (service.configuration_trouble === '') return file;
  return `${file}; ${colours.red('the last reload was refused')}: ${printable(service.configuration_trouble)}`;
}

function logText({ records, durable, trouble }: ServiceStatus['log'], colours: Paint): string {
  const sizes = `${records} records, ${durable} of them on disk`;
  return trouble === '' ? sizes : `${sizes}; ${colours.red('cannot be written')}: ${printable(trouble)}`;
}

function lossLines({ sensor }: ServiceStatus, colours: Paint): string[] {
  const lost = Object.entries(sensor.lost);
  if (lost.length === 0) return [row('losses', 'none since the programs were loaded')];
  const where = Object.entries(sensor.hooks).flatMap(([hook, { lost: count }]) =>
    count > 0 ? [`${count} at ${hook}`] : [],
  );
  const kinds = lost.map(([kind, count]) => `${count} ${kind}`);
  return [row('losses', colours.yellow(`${kinds.join(', ')}; ${where.join(', ')}`))];
}

function shipLines({ ship }: ServiceStatus, colours: Paint): string[] {
  return ship.map(({ destination, state, trouble, rejected_records, ...lag }) => {
    const never = rejected_records === 0 ? '' : `, will never have ${rejected_records}`;
    const words = `${printable(destination)}  ${state}, ${lagText(lag)}${never}`;
    return row('receiver', trouble === '' ? words : `${words}; ${colours.red(printable(trouble))}`);
  });
}

/** How far behind a receiver is, in all three ways of counting. */
export function lagText(
  lag: Pick<ServiceStatus['ship'][number], 'lag_records' | 'lag_bytes' | 'lag_seconds'>,
): string {
  if (lag.lag_records === 0) return 'has everything';
  const kib = Math.ceil(lag.lag_bytes / 1_024);
  return `${lag.lag_records} records, ${kib} KiB, ${Math.round(lag.lag_seconds)} s behind`;
}

function costText(cost: ServiceStatus['cost']): string {
  const percent = (100 * cost.cpu_seconds) / Math.max(cost.uptime_seconds, 0.001);
  const memory = (cost.rss_bytes / 2 ** 20).toFixed(0);
  return `${percent.toFixed(2)} % of a core since it began, ${memory} MiB, longest stall ${cost.loop_delay_ms.toFixed(0)} ms`;
}

function sessionTable(sessions: readonly SessionStatus[], rates: Rates | undefined): string[] {
  if (sessions.length === 0) return [];
  const cells = sessions.map((session) => [
    session.id.slice(0, 8),
    printable([session.agent, session.version ?? ''].join(' ').trim()),
    printable(session.user),
    String(session.root_pid),
    String(session.live_processes),
    String(session.programs_run),
    String(session.files_written),
    String(session.connections),
    String(session.findings),
    rates ? rateOf(session, rates).toFixed(0) : String(session.events),
  ]);
  const heads = ['SESSION', 'AGENT', 'USER', 'PID', 'LIVE', 'RAN', 'WROTE', 'CONN', 'FINDINGS'];
  const table = [[...heads, rates ? 'EVENTS/S' : 'EVENTS'], ...cells];
  const widths = (table[0] ?? []).map((_, column) =>
    Math.max(...table.map((line) => (line[column] ?? '').length)),
  );
  return table.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
