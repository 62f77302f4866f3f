import { join } from 'node:path';
import type { Event } from '../../collector/event.ts';
import { openHostKey } from '../../collector/seal/hostkey.ts';
import { openSeal, type Seal, type SealOptions } from '../../collector/seal/seal.ts';
import type { DestinationSettings } from '../../collector/ship/destination.ts';
import { describeResource } from '../../collector/ship/resource.ts';
import { createLogShipper, type FlushResult, type LogShipper } from '../../collector/ship/shipper.ts';
import { newUid } from '../../collector/uid.ts';
import { atEnd, emptyFolder, type Scope } from '../at-end.ts';
import { type Receiver, type ReceiverOptions, startReceiver } from './receiver.ts';

/** Longest a test waits for a receiver that is there; only a failing test takes as long. */
export const PATIENCE_MS = 60_000;

export interface ShippedLog {
  readonly state: string;
  readonly log: string;
  openLog(options?: Pick<SealOptions, 'retention' | 'shipped'>): Promise<Seal>;
  shipTo(
    destination: string | DestinationSettings,
    tell?: (event: Event) => void,
    keyId?: string,
  ): LogShipper;
}

export function shippedLog(t: Scope): ShippedLog {
  const state = emptyFolder(t, 'log-ship-');
  const log = join(state, 'log');
  return {
    state,
    log,
    openLog: (options = {}) =>
      openSeal({ directory: log, hostKey: openHostKey(join(state, 'key')), hostId: 'host', ...options }),
    shipTo(destination, tell, keyId = 'cafe0123') {
      const shipper = createLogShipper({
        logDirectory: log,
        positionsDirectory: join(state, 'ship'),
        destination: typeof destination === 'string' ? { url: destination } : destination,
        resource: describeResource({ version: '1.2.3', keyId }),
        tell,
      });
      // A failed test leaves it running, and Node then waits for ever.
      atEnd(t, () => shipper.stop());
      return shipper;
    },
  };
}

export async function receiverFor(
  t: Scope,
  options: Omit<ReceiverOptions, 'folder'> = {},
): Promise<Receiver> {
  const started = await startReceiver({ ...options, folder: emptyFolder(t, 'log-receiver-') });
  atEnd(t, () => started.stop());
  return started;
}

export function events(count: number, path = (i: number) => `/tmp/${i}`): Event[] {
  return Array.from({ length: count }, (_, i) => ({
    name: 'file.open',
    uid: newUid(Date.now()),
    timeNs: 1_700_000_000_123_456_789n,
    severity: 9,
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    attributes: { 'file.path': path(i), 'process.pid': i },
    seen: undefined,
  }));
}

/** A closed log of `count` events; with the record of its opening, one record more. */
export async function filledLog(it: ShippedLog, count: number, path?: (i: number) => string): Promise<void> {
  const seal = await it.openLog();
  seal.append(events(count, path));
  await seal.close();
}

/** Ships what is sealed, and comes back when it is seen on the other side too. */
export async function delivered(
  shipper: LogShipper,
  received: Receiver,
  patienceMs = PATIENCE_MS,
): Promise<FlushResult> {
  const flushed = await shipper.flush(patienceMs);
  await received.caughtUp();
  return flushed;
}

/** Index of each record the receiver took, in the order it took them; checkpoints and hashes have none. */
export function indices(received: Receiver): unknown[] {
  return received.logs.flatMap((log) => log.attributes['spoor.log.index'] ?? []);
}

export function upTo(size: number): number[] {
  return Array.from({ length: size }, (_, i) => i);
}
