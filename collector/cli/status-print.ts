/** Asks the service how it does, and prints the answer. */

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Asking, ServiceError } from '../service/ask.ts';
import type { ServiceStatus } from '../service/status.ts';
import { deliveryStates } from '../ship/delivery-states.ts';
import { Failure } from './failure.ts';
import { endWithReader, print } from './output.ts';
import { serviceBeside } from './run-beside.ts';
import { lagText, ratesBetween, statusText, topText } from './status-text.ts';
import { paint, printable, wantsColour, writeAll } from './terminal.ts';

const STDOUT = 1;
const STDERR = 2;
/** Shorter looks would measure themselves. */
const MIN_INTERVAL_S = 0.1;
const MAX_INTERVAL_S = 3_600;
/** Clears a terminal and puts the cursor at its beginning (ECMA-48: ED, CUP). */
const CLEAR = '\x1b[H\x1b[2J';

export type StatusForm = 'json' | 'text';

/** @returns the exit code: 1 when no service runs */
export async function printStatus(state: string, form: StatusForm): Promise<number> {
  const asking = await serviceOf(state);
  if (!asking) {
    await printDeliveries(state, form);
    return 1;
  }
  try {
    endWithReader();
    const status = await ask(asking);
    await print(form === 'json' ? `${JSON.stringify(status)}\n` : statusText(status, colours()));
    return 0;
  } finally {
    asking.close();
  }
}

/** What the folder itself tells while nothing runs: how far each receiver has been served. */
async function printDeliveries(state: string, form: StatusForm): Promise<void> {
  const ship = deliveryStates(join(state, 'log'), join(state, 'ship')).map((one) => ({
    destination: one.destination,
    lag_records: one.records,
    lag_bytes: one.bytes,
    lag_seconds: one.seconds,
  }));
  if (ship.length === 0) return;
  if (form === 'json') await print(`${JSON.stringify({ service: null, ship })}\n`);
  else await print(ship.map((one) => `${printable(one.destination)}  ${lagText(one)}\n`).join(''));
}

export interface TopOptions {
  readonly state: string;
  readonly interval: string;
  readonly count?: string | undefined;
  readonly form: StatusForm;
}

/** Looks until it is told to stop, or so many times. @returns the exit code: 1 when no service runs */
export async function printTop(options: TopOptions): Promise<number> {
  const intervalS = numberIn('--interval', options.interval, MIN_INTERVAL_S, MAX_INTERVAL_S);
  const count =
    options.count === undefined ? Number.POSITIVE_INFINITY : numberIn('--count', options.count, 1, 1e9);
  const asking = await serviceOf(options.state);
  if (!asking) return 1;
  try {
    endWithReader();
    const isTerminal = options.form === 'text' && process.stdout.isTTY === true;
    let before: ServiceStatus | undefined;
    for (let look = 0; look < count; look++) {
      if (look > 0) await pause(intervalS * 1_000);
      const status = await ask(asking);
      const rates = before && ratesBetween(before, status);
      if (options.form === 'json')
        await print(`${JSON.stringify({ ...status, rates: rates ? shownRates(rates) : null })}\n`);
      else await print(`${isTerminal ? CLEAR : ''}${topText(status, rates, colours())}`);
      before = status;
    }
    return 0;
  } finally {
    asking.close();
  }
}

function shownRates(rates: ReturnType<typeof ratesBetween>): object {
  return {
    seconds: rates.seconds,
    events_per_second: rates.eventsPerSecond,
    cpu_percent: rates.cpuPercent,
    sessions: Object.fromEntries(rates.sessionEventsPerSecond),
  };
}

async function serviceOf(state: string): Promise<Asking | undefined> {
  const asking = await serviceBeside(state);
  if (!asking) writeAll(STDERR, `spoor: no service runs for ${state}; start it: systemctl start spoor\n`);
  return asking;
}

async function ask(asking: Asking): Promise<ServiceStatus> {
  try {
    return (await asking.ask({ ask: 'status' })) as unknown as ServiceStatus;
  } catch (error) {
    if (error instanceof ServiceError) throw new Failure(2, error.message);
    throw error;
  }
}

function numberIn(option: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most))
    throw new Failure(2, `${option} ${text}: write a number from ${least} to ${most}`);
  return value;
}

function colours() {
  return paint(wantsColour(STDOUT) ? 'colour' : 'plain');
}
