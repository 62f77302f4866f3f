/** The receivers of the log: each with its own sender and position, and sessions as traces beside. */

import type { StateFolder } from '../cli/state.ts';
import { version } from '../cli/version.ts';
import type { Event } from '../event.ts';
import type { Seal } from '../seal/seal.ts';
import { describeResource } from '../ship/resource.ts';
import type { LogShipper } from '../ship/shipper.ts';
import type { Traces } from '../traces/traces.ts';

export interface Receivers {
  readonly shippers: readonly LogShipper[];
  /** Sees events after they were sealed. */
  watch(batch: readonly Event[]): void;
  /** What is not delivered stays in the log and goes with the next start. */
  stop(): Promise<void>;
}

export async function openReceivers(
  destinations: readonly { readonly endpoint: string }[],
  state: StateFolder,
  seal: Seal,
): Promise<Receivers> {
  const shippers: LogShipper[] = [];
  const traces: Traces[] = [];
  if (destinations.length > 0) {
    // gRPC and OpenTelemetry's packages take 0.1 s and 15 MB, which nobody should pay who ships nothing.
    const { createLogShipper } = await import('../ship/shipper.ts');
    const { createTraces } = await import('../traces/traces.ts');
    const resource = describeResource({ version, keyId: seal.verifierKey.keyId });
    for (const { endpoint: url } of destinations) {
      const shipper = createLogShipper({
        logDirectory: state.logDirectory,
        positionsDirectory: state.shipDirectory,
        destination: { url },
        resource,
      });
      shipper.start();
      shippers.push(shipper);
      const trace = createTraces({
        url,
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
    async stop() {
      await Promise.all([...shippers, ...traces].map((one) => one.stop()));
    },
  };
}
