/** Sessions as traces, for one receiver: those that run now, and those of earlier runs that it has not got yet. */

import type { Event } from '../event.ts';
import { countRecords, readRecords } from '../log/reader.ts';
import { decodeLeaf } from '../log/record.ts';
import { type DestinationSettings, destinationFrom } from '../ship/destination.ts';
import type { Resource } from '../ship/resource.ts';
import { createTraceExporter } from './exporter.ts';
import { type Owed, openOwedTraces } from './owed.ts';
import { createTrace, type ProcessSpan, type TraceBuilder } from './trace-of.ts';

export interface TracesOptions {
  readonly destination: DestinationSettings;
  readonly logDirectory: string;
  /** Folder of the note of what is owed. */
  readonly notesDirectory: string;
  readonly resource: Resource;
  readonly version: string;
  /** Records in the log now. */
  readonly logSize: () => number;
}

export interface Traces {
  /** Sees events after they were sealed. */
  watch(batch: readonly Event[]): void;
  /** Builds owed traces from the log and sends them too. */
  payDebts(): Promise<void>;
  /** How it went, in a line; empty when everything is delivered. */
  flush(timeoutMs: number): Promise<string>;
  stop(): void;
}

export function createTraces(options: TracesOptions): Traces {
  const { logDirectory } = options;
  const destination = destinationFrom(options.destination);
  const { url } = destination;
  const exporter = createTraceExporter(destination, options.resource, options.version);
  const owed = openOwedTraces(options.notesDirectory);
  const debts = owed.of(url);
  const building = new Map<string, TraceBuilder>();
  /** Ended, their spans on the way. */
  const ended: Owed[] = [];

  function watch(batch: readonly Event[]): void {
    for (const event of batch) {
      const session = event.attributes['session.id'];
      if (session === undefined) continue;
      let trace = building.get(session);
      if (!trace) {
        trace = createTrace(session);
        building.set(session, trace);
        owed.note({ destination: url, session, from: Math.max(0, options.logSize() - batch.length) });
      }
      const attributes = event.attributes as Record<string, unknown>;
      exporter.add(trace.add({ eventName: event.name, timeNs: event.timeNs, attributes }));
      if (event.name !== 'session.end') continue;
      building.delete(session);
      ended.push({ destination: url, session, from: 0 });
    }
  }

  async function payDebts(): Promise<void> {
    for (const debt of debts) {
      exporter.add(await spansOf(debt));
      ended.push(debt);
    }
  }

  async function spansOf({ session, from }: Owed): Promise<ProcessSpan[]> {
    const trace = createTrace(session);
    const spans: ProcessSpan[] = [];
    for await (const stored of readRecords(logDirectory, from, countRecords(logDirectory))) {
      for (const { leaf } of stored) {
        const record = decodeLeaf(leaf);
        spans.push(...trace.add(record));
        if (record.eventName === 'session.end' && record.attributes['session.id'] === session) return spans;
      }
    }
    return spans;
  }

  return {
    watch,
    payDebts,
    async flush(timeoutMs) {
      if (!(await exporter.flush(timeoutMs))) return exporter.trouble() || 'the receiver is slow';
      for (const one of ended.splice(0)) owed.paid(one);
      return exporter.trouble() || owed.trouble();
    },
    stop: () => exporter.stop(),
  };
}
