/**
 * The service's figures over OTLP, to one receiver of the log: OpenTelemetry's SDK collects and encodes them, the
 * transport that records go by carries them, with the receiver's own TLS settings and headers as they are now.
 *
 * What cannot be delivered is not kept: the figures are cumulative, so the next ones hold it.
 */

import type { Observable } from '@opentelemetry/api';
import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';
import { METRICS, type MetricName } from '../../schemas/generated/registry.ts';
import { type Destination, type DestinationSettings, destinationFrom } from '../ship/destination.ts';
import { GrpcTransport } from '../ship/grpc.ts';
import { Headers } from '../ship/headers.ts';
import { HttpTransport } from '../ship/http.ts';
import { hostId, type Resource } from '../ship/resource.ts';
import { Tls } from '../ship/tls.ts';
import type { Outcome, Transport } from '../ship/transport.ts';
import type { Figures } from './figures.ts';

/** The receiver may hang, and a service that stops waits for nobody: the figures of its last minute are then lost. */
const STOP_PATIENCE_MS = 1_000;
/** ExportResultCode of @opentelemetry/core, which is no dependency of ours. */
const SUCCESS = 0;
const FAILED = 1;

export interface MetricsSenderOptions {
  readonly destination: DestinationSettings;
  readonly resource: Resource;
  readonly version: string;
  readonly intervalMs: number;
  readonly figures: () => Figures;
  /** Told each time that figures were not delivered, and why; no header's value is in it. */
  readonly failed: (destination: string, cause: string) => void;
}

export interface MetricsSender {
  /** Sends the last figures, if the receiver takes them at once. */
  stop(): Promise<void>;
}

export function sendMetrics(options: MetricsSenderOptions): MetricsSender {
  const { resource, version, intervalMs, figures, failed } = options;
  const destination = destinationFrom(options.destination);
  const exporter = new Exporter(destination, (cause) => failed(destination.url, cause));
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(destination.timeoutMs, intervalMs),
  });
  const provider = new MeterProvider({ resource: resourceFromAttributes(resource), readers: [reader] });
  observe(provider, version, figures);
  return {
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const tooLong = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_PATIENCE_MS);
      });
      // A failure is told by the exporter; here it is no more than an end.
      await Promise.race([provider.shutdown().catch(() => undefined), tooLong]);
      clearTimeout(timer);
      exporter.close();
    },
  };
}

function observe(provider: MeterProvider, version: string, figures: () => Figures): void {
  const meter = provider.getMeter('spoor', version);
  const create = {
    counter: meter.createObservableCounter,
    updowncounter: meter.createObservableUpDownCounter,
    gauge: meter.createObservableGauge,
  } as const;
  const instruments = new Map<MetricName, Observable>(
    (Object.keys(METRICS) as MetricName[]).map((name) => {
      const { instrument, unit, brief } = METRICS[name];
      return [name, create[instrument].call(meter, name, { unit, description: brief })];
    }),
  );
  meter.addBatchObservableCallback(
    (result) => {
      const now = figures();
      for (const [name, instrument] of instruments)
        for (const { value, attributes } of now[name]) result.observe(instrument, value, attributes);
    },
    [...instruments.values()],
  );
}

class Exporter implements PushMetricExporter {
  readonly #transport: Transport;
  readonly #headers: Headers;
  readonly #serializer: typeof ProtobufMetricsSerializer;
  readonly #failed: (cause: string) => void;
  #takesMetrics = true;

  constructor(destination: Destination, failed: (cause: string) => void) {
    this.#headers = new Headers(destination.headers);
    this.#failed = failed;
    const { protocol } = destination.endpoint;
    const Carrier = protocol === 'grpc' ? GrpcTransport : HttpTransport;
    this.#transport = new Carrier(destination, this.#headers, new Tls(destination.tls, hostId()), 'metrics');
    this.#serializer = protocol === 'http/json' ? JsonMetricsSerializer : ProtobufMetricsSerializer;
  }

  export(metrics: ResourceMetrics, done: (result: { code: number; error?: Error }) => void): void {
    void this.#send(metrics).then((cause) => {
      if (cause === undefined) {
        done({ code: SUCCESS });
        return;
      }
      this.#failed(cause);
      done({ code: FAILED, error: new Error(cause) });
    });
  }

  /** @returns why it was not delivered */
  async #send(metrics: ResourceMetrics): Promise<string | undefined> {
    if (!this.#takesMetrics) return undefined;
    const request = this.#serializer.serializeRequest(metrics);
    if (!request) return 'the figures could not be encoded';
    const outcome = await this.#transport.send(Buffer.from(request));
    if (outcome.kind === 'accepted') return undefined;
    this.#takesMetrics = !isUnknownService(outcome);
    return this.#takesMetrics
      ? this.#headers.mask(outcome.cause)
      : 'the receiver takes no metrics; it is not asked again before the next start';
  }

  selectAggregationTemporality(): AggregationTemporality {
    return AggregationTemporality.CUMULATIVE;
  }

  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  shutdown(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#transport.close();
  }
}

/** What a receiver answers that has no place for metrics. */
function isUnknownService(outcome: Exclude<Outcome, { kind: 'accepted' }>): boolean {
  return /^(UNIMPLEMENTED|HTTP (404|405|501))\b/.test(outcome.cause);
}
