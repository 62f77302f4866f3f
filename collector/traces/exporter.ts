/**
 * Sends spans. Whoever brings them to the receiver tries once and forgets; the trying again is here.
 * Nothing that a receiver does can fail a session: what is not delivered is told, and built again from the log later.
 */

import { type Attributes, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { type Resource as OtelResource, resourceFromAttributes } from '@opentelemetry/resources';
import { Backoff } from '../ship/backoff.ts';
import type { Destination } from '../ship/destination.ts';
import type { Resource } from '../ship/resource.ts';
import { createSpanSender, type ReadableSpan, type Sent } from './span-sender.ts';
import type { Note, ProcessSpan } from './trace-of.ts';

/** Spans of one request; at 1 KB each far below gRPC's 4 MB. */
const BATCH_SPANS = 512;
/** Spans that wait, 1 KB each. Past it the newest are left to the log. */
const MAX_WAITING = 50_000;

export interface TraceExporter {
  add(spans: readonly ProcessSpan[]): void;
  /** True when everything added before is with the receiver; false when the time was over first. */
  flush(timeoutMs: number): Promise<boolean>;
  /** What went wrong last; empty since the last success. */
  trouble(): string;
  /** Gives up a request under way. */
  stop(): void;
}

export function createTraceExporter(
  destination: Destination,
  resource: Resource,
  version: string,
): TraceExporter {
  const sender = createSpanSender(destination);
  const about = resourceFromAttributes(resource);
  const backoff = new Backoff();
  const waiting: ReadableSpan[] = [];
  let sending: ReadableSpan[] = [];
  let leftOut = 0;
  let trouble = '';
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;
  const settled: (() => void)[] = [];

  function pump(): void {
    if (isStopped || timer || sending.length > 0) return;
    if (waiting.length === 0) {
      for (const tell of settled.splice(0)) tell();
      return;
    }
    sending = waiting.splice(0, BATCH_SPANS);
    void sender.send(sending).then(answered);
  }

  function answered(sent: Sent): void {
    if (isStopped) return;
    const batch = sending;
    sending = [];
    if (sent.kind === 'taken') {
      backoff.succeeded();
      trouble = leftOut === 0 ? '' : `${leftOut} spans found no room`;
      pump();
      return;
    }
    if (sent.kind === 'unknown_service') {
      trouble = 'the receiver takes no traces';
      waiting.length = 0;
      pump();
      return;
    }
    trouble = sent.cause;
    waiting.unshift(...batch);
    timer = setTimeout(() => {
      timer = undefined;
      pump();
    }, backoff.nextWaitMs());
    timer.unref();
  }

  return {
    add(spans) {
      const room = Math.max(0, MAX_WAITING - waiting.length);
      leftOut += Math.max(0, spans.length - room);
      for (const span of spans.slice(0, room)) waiting.push(readable(span, about, version));
      pump();
    },
    async flush(timeoutMs) {
      if (waiting.length === 0 && sending.length === 0) return leftOut === 0;
      await new Promise<void>((resolve) => {
        const limit = setTimeout(resolve, timeoutMs);
        settled.push(() => {
          clearTimeout(limit);
          resolve();
        });
      });
      return waiting.length === 0 && sending.length === 0 && leftOut === 0;
    },
    trouble: () => trouble,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      for (const tell of settled.splice(0)) tell();
      sender.close();
    },
  };
}

function readable(span: ProcessSpan, resource: OtelResource, version: string): ReadableSpan {
  const { traceId, spanId, parentSpanId, startNs, endNs, failure } = span;
  const shared = { traceId, traceFlags: TraceFlags.SAMPLED };
  return {
    name: span.name,
    kind: SpanKind.INTERNAL,
    spanContext: () => ({ ...shared, spanId }),
    ...(parentSpanId === undefined ? {} : { parentSpanContext: { ...shared, spanId: parentSpanId } }),
    startTime: highTime(startNs),
    endTime: highTime(endNs),
    duration: highTime(endNs > startNs ? endNs - startNs : 0n),
    status:
      failure === undefined
        ? { code: SpanStatusCode.UNSET }
        : { code: SpanStatusCode.ERROR, message: failure },
    attributes: span.attributes as Attributes,
    links: [],
    events: span.notes.map(timedNote),
    ended: true,
    resource,
    instrumentationScope: { name: 'spoor', version },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

function timedNote({ name, timeNs, attributes }: Note): ReadableSpan['events'][number] {
  return { name, time: highTime(timeNs), attributes };
}

/** OpenTelemetry JS counts seconds and nanoseconds apart, since a double holds both not. */
function highTime(timeNs: bigint): [number, number] {
  return [Number(timeNs / 1_000_000_000n), Number(timeNs % 1_000_000_000n)];
}
