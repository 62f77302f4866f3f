/** The receivers of the log: each with its own sender and position, and sessions as traces beside. */

import type { StateFolder } from '../cli/state.ts';
import { version } from '../cli/version.ts';
import type { Event } from '../event.ts';
import { createRedact } from '../redact/redact.ts';
import type { Seal } from '../seal/seal.ts';
import type { DestinationSettings } from '../ship/destination.ts';
import { describeResource } from '../ship/resource.ts';
import type { LogShipper } from '../ship/shipper.ts';
import type { Traces } from '../traces/traces.ts';

export interface Receivers {
  readonly shippers: readonly LogShipper[];
  /** Sees events after they were sealed. */
  watch(batch: readonly Event[]): void;
  /** How far behind the furthest of them is. */
  health(): Event['attributes'];
  /** Records that every receiver has: those before this index. */
  delivered(): number;
  /** The log takes no more events. */
  quiet(): Promise<void>;
  /** What is not delivered stays in the log and goes with the next start. */
  stop(): Promise<void>;
}

/** Seals what the shipper itself has to say, masked like everything: a receiver may quote what it was sent. */
export function tellThrough(seal: Seal): (event: Event) => void {
  const redact = createRedact();
  return (event) => seal.append(redact([event]));
}

export async function openReceivers(
  destinations: readonly DestinationSettings[],
  state: StateFolder,
  seal: Seal,
): Promise<Receivers> {
  const shippers: LogShipper[] = [];
  const traces: Traces[] = [];
  if (destinations.length > 0) {
    // gRPC and OpenTelemetry's packages take 0.1 s and 15 MB, which nobody should pay who ships nothing.
    const { createShipThread } = await import('../ship/ship-thread.ts');
    const { createTraces } = await import('../traces/traces.ts');
    const resource = describeResource({ version, keyId: seal.verifierKey.keyId });
    for (const destination of destinations) {
      const shipper = createShipThread({
        logDirectory: state.logDirectory,
        positionsDirectory: state.shipDirectory,
        destination,
        resource,
        tell: tellThrough(seal),
      });
      shipper.start();
      shippers.push(shipper);
      const trace = createTraces({
        destination,
        logDirectory: state.logDirectory,
        notesDirectory: state.shipDirectory,
        resource,
        version,
        logSize: () => seal.size,
      });
      traces.push(trace);
      await trace.payDebts();
    }
    seal.onGrow((durable) => {
      for (const shipper of shippers) shipper.grown(durable);
    });
  }
  return {
    shippers,
    watch(batch) {
      for (const trace of traces) trace.watch(batch);
    },
    health: () => healthOf(shippers),
    delivered: () => Math.min(...shippers.map((shipper) => shipper.status().next)),
    async quiet() {
      await Promise.all(shippers.map((shipper) => shipper.quiet()));
    },
    async stop() {
      await Promise.all([...shippers, ...traces].map((one) => one.stop()));
    },
  };
}

export function healthOf(shippers: readonly LogShipper[]): Event['attributes'] {
  const [furthest] = shippers.map((shipper) => shipper.lag()).sort((a, b) => b.records - a.records);
  if (!furthest) return {};
  return {
    'spoor.health.ship_lag_records': furthest.records,
    'spoor.health.ship_lag_bytes': furthest.bytes,
    'spoor.health.ship_lag_time': Math.round(furthest.seconds * 1e9),
  };
}
